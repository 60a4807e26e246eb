# frozen_string_literal: true

module AgentKernel
  # Reads a call, which one thread or fiber advances at a time, and any may close. A class that includes this defines
  # advance(call, maxlen, buffer): the next record, or with maxlen the buffer with bytes; nil at the end.
  module Reading
    # Reads like IO#readpartial: at most maxlen bytes, as soon as there are any, into the buffer if one is given;
    # EOFError at the end.
    def readpartial(maxlen, buffer = nil)
      Backtrace.refuse(TypeError, "maxlen must be an Integer, not #{maxlen.class}") unless maxlen.is_a?(Integer)
      Backtrace.refuse(ArgumentError, "negative length #{maxlen} given") if maxlen.negative?

      buffer ||= String.new
      return buffer.clear if maxlen.zero?
      return buffer if read_next(maxlen, buffer)

      buffer.clear
      Backtrace.refuse(EOFError, "end of what the call reads")
    end

    # Whether it has ended, failed or was closed.
    def closed? = @call.nil?

    # Ends the call, and the server's work for it. After the end it does nothing.
    def close
      call = @call
      @call = nil
      return unless call

      call.cancel # a thread that reads wakes, and frees the call
      return unless @reading.try_lock

      begin
        call.close
      ensure
        @reading.unlock
      end
    end

    private

    def begin_reading(call)
      @call = call
      @reading = Mutex.new
    end

    def reading_inspect
      "#<#{self.class.name} #{closed? ? 'closed' : 'open'}>"
    end

    # The next record, or the buffer with bytes; nil at the end. A call whose reader failed or was interrupted has
    # ended, and fails again when it is read again. (Not every interruption can be rescued: Timeout throws, a thread
    # may be killed.) It is one method and takes no block, because there may be hundreds of thousands of events.
    # rubocop:disable Metrics/CyclomaticComplexity, Metrics/PerceivedComplexity
    def read_next(maxlen = nil, buffer = nil)
      locked = @reading.try_lock
      raise Error.new("it is being read elsewhere", code: "AK_E_STATE") unless locked

      call = @call or return ended
      intact = false
      value = advance(call, maxlen, buffer)
      intact = true
      value.nil? ? finish(call) : value
    rescue Error => e
      intact = e.code == "AK_E_STATE"
      failure = e
      raise
    ensure
      if call
        end_with(call, failure) unless intact
        call.close unless @call
      end
      @reading.unlock if locked
    end
    # rubocop:enable Metrics/CyclomaticComplexity, Metrics/PerceivedComplexity

    # The result of reading after the end: nothing, or the failure again, at this line.
    def ended
      raise @failure, @failure.message, caller if @failure
    end

    def end_with(call, failure)
      return unless @call # closed by another thread

      @call = nil
      @failure = failure || CancelledError.new("the call was interrupted", code: "AK_E_CANCELLED",
                                                                           operation: call.operation.name.to_s)
    end

    def finish(call)
      @call = nil
      call.close
    end
  end
  private_constant :Reading
end
