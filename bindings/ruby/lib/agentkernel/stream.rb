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
    def initialize(call)
      @call = call
      @reading = Mutex.new
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
      raise ArgumentError, "negative length #{maxlen} given" if maxlen.negative?

      buffer ||= String.new
      @peeked = nil
      return buffer.clear if maxlen.zero?
      return buffer if go_on(maxlen, buffer)

      buffer.clear
      raise EOFError, "end of the command's output"
    end

    # The event that ended the stream (done or error), once it came.
    def final_event = (@last if @last&.final?)

    # The command's exit code, once it is known.
    def exit_code = final_event&.exit_code

    # Whether nothing more can come: the stream has ended, failed or was closed.
    def closed? = @call.nil?

    # Ends the stream; the server ends the command. After the end it does nothing.
    def close
      call = @call
      @call = @peeked = nil
      return unless call

      call.cancel # a thread that reads wakes, and frees the call
      return unless @reading.try_lock

      begin
        call.close
      ensure
        @reading.unlock
      end
    end

    def inspect
      "#<#{self.class.name} #{closed? ? 'closed' : 'open'}>"
    end
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

    # The next event, or the buffer with output; nil at the end. A stream whose reader failed or was interrupted is
    # over, and says so when it is read again. (Not every interruption can be rescued: Timeout throws, a thread may be
    # killed.) It is one method and takes no block, because events come by the hundred thousand.
    # rubocop:disable Metrics/CyclomaticComplexity, Metrics/PerceivedComplexity
    def go_on(maxlen = nil, buffer = nil)
      locked = @reading.try_lock
      raise Error.new("the stream is being read elsewhere", code: "AK_E_STATE") unless locked

      call = @call or return ended
      unharmed = false
      value = maxlen ? read_output(call, maxlen, buffer) : call.next
      unharmed = true
      return finish(call) if value.nil?

      @last = value unless maxlen
      value
    rescue Error => e
      unharmed = e.code == "AK_E_STATE"
      failure = e
      raise
    ensure
      if call
        end_with(failure) unless unharmed
        call.close unless @call
      end
      @reading.unlock if locked
    end
    # rubocop:enable Metrics/CyclomaticComplexity, Metrics/PerceivedComplexity

    # The end of a stream that is over: nothing, or its failure again.
    def ended
      raise @failure.dup if @failure
    end

    def end_with(failure)
      return unless @call # another thread closed the stream meanwhile

      @call = nil
      @failure = failure || CancelledError.new("the stream was interrupted", code: "AK_E_CANCELLED",
                                                                             operation: "run_stream")
    end

    def finish(call)
      @call = nil
      call.close
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
