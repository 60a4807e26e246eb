# frozen_string_literal: true

module AgentKernel
  # The events of a running command, as an Enumerator that runs once; Client#run_stream returns it. The command
  # starts when the first event is requested.
  #
  #     stream = client.run_stream(["make"])
  #     stream.each { |event| print event.text }
  #     stream.exit_code
  #
  # Leaving a loop over it early, closing it, or dropping the last reference to it ends the command. One thread or fiber
  # reads it at a time; close may be called by any.
  class RunStream < Enumerator
    include Reading

    def initialize(call)
      begin_reading(call)
      @rest = nil # output of the done event, for readpartial
      super() { |yielder| each { |event| yielder << event } }
    end

    # Yields each remaining event, and closes the stream however the block is left.
    def each
      return self unless block_given?

      begin
        while (event = take_event)
          yield event
        end
      ensure
        close
      end
      self
    end

    # The next event; StopIteration after the last. Unlike a plain Enumerator's it needs no fiber.
    def next
      take_event or Backtrace.refuse(StopIteration, "the stream has ended")
    end

    # The next event, which remains the next.
    def peek
      @peeked = self.next
    end

    # Reads output of the command like IO#readpartial: at most maxlen bytes, as soon as there are any, into the buffer
    # if one is given; EOFError at the end. Other events are skipped; an error event is raised as StreamError. So
    # IO.copy_stream(stream, file) works.
    def readpartial(maxlen, buffer = nil)
      @peeked = nil
      super
    end

    # The event that ended the stream (done or error), once it has arrived.
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
    def take_event
      if (event = @peeked)
        @peeked = nil
        return event
      end
      read_next
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
        when Raw::ITEM then skip(@last = call.record)
        else return
        end
      end
    end

    # An event that Call#read does not read: done may have output, error must not be skipped.
    def skip(event)
      if event.error?
        raise StreamError.new(event.message || "the command failed", code: "AK_E_STREAM", operation: "run_stream")
      end

      @rest = event.output&.dup
    end
  end

  # Streams of events.
  class Client
    # Runs a command in a fresh sandbox. With a block, yields events as they arrive (StreamEvent), and ends the command
    # when the block is left early; the result is the RunStream, which then knows the exit code. Without a block, the
    # RunStream is an Enumerator.
    #
    # A command that fails is not an error here, its done event has the exit code; a stream that breaks off is.
    #
    # image, profile, fast:: see run
    # timeout::      bounds the whole stream; default: the client's total_timeout
    # idle_timeout:: bounds its silence after its first byte
    def run_stream(command, **options, &block)
      stream = RunStream.new(prepare(:run_stream, command:, **options))
      block ? stream.each(&block) : stream
    end
  end
end
