# frozen_string_literal: true

module AgentKernel
  # The events of a running command, as an Enumerator that runs once; Client#run_stream makes it. The command starts
  # with the first event that is asked for.
  #
  #     stream = client.run_stream(["make"])
  #     stream.each { |event| print event.text }
  #     stream.exit_code
  #
  # Leaving a loop over it early, close, or forgetting it ends the command. One thread or fiber reads it at a time;
  # close may come from any.
  class RunStream < Enumerator
    include Reading

    def initialize(call)
      begin_reading(call)
      @rest = nil # output that came with the done event, for readpartial
      super() { |yielder| each { |event| yielder << event } }
    end

    # Yields each event that is left, and closes the stream however the block is left.
    def each
      return self unless block_given?

      begin
        while (event = take)
          yield event
        end
      ensure
        close
      end
      self
    end

    # The next event; StopIteration after the last. Unlike a plain Enumerator's it needs no fiber.
    def next
      take or raise StopIteration, "the stream has ended"
    end

    # The next event, which stays the next.
    def peek
      @peeked = self.next
    end

    # Reads output of the command like IO#readpartial: at most so many bytes, as soon as there are any, into the buffer
    # if one is given; EOFError at the end. Other events are passed over; an error event is raised as StreamError. So
    # IO.copy_stream(stream, file) works.
    def readpartial(maxlen, buffer = nil)
      @peeked = nil
      super
    end

    # The event that ended the stream (done or error), once it came.
    def final_event = (@last if @last&.final?)

    # The command's exit code, once it is known.
    def exit_code = final_event&.exit_code

    def close
      @peeked = nil
      super
    end

    def inspect = reading_inspect
    alias to_s inspect

    private

    # The next event, nil at the end.
    def take
      if (event = @peeked)
        @peeked = nil
        return event
      end
      go_on
    end

    def advance(call, maxlen, buffer)
      return read_output(call, maxlen, buffer) if maxlen

      event = call.next
      @last = event if event
      event
    end

    # Fills the buffer; nil at the end.
    def read_output(call, maxlen, buffer)
      loop do
        return buffer.replace(@rest.slice!(0, maxlen)) if @rest && !@rest.empty?

        case call.read(buffer, maxlen)
        when Raw::OK then return buffer
        when Raw::ITEM then pass_over(@last = call.record)
        else return
        end
      end
    end

    # An event that the read door does not read: done may bring output, error cannot be passed over.
    def pass_over(event)
      if event.error?
        raise StreamError.new(event.message || "the command failed", code: "AK_E_STREAM", operation: "run_stream")
      end

      @rest = event.output&.dup
    end
  end
end
