# frozen_string_literal: true

require "io/wait"

module AgentKernel
  # One call of an operation: bound when it is created, nothing is sent before it is first advanced. One thread at a
  # time uses it; cancel may be called by any.
  class Call
    attr_reader :operation

    def initialize(client, operation, arguments)
      @operation = operation
      @kind = operation.record
      @handle = Raw.call_new(client, operation.id)
      operation.bind(@handle, arguments)
    end

    # The next record; nil at the end. A failure is raised.
    def next
      until (record = Raw.call_next(@handle, @kind))
        return if record.nil?

        wait
      end
      record
    rescue DescriptorsError => e
      find_descriptors(e)
      retry
    end

    # The current record, after read has returned ITEM.
    def record
      @kind.new(Raw.call_values(@handle))
    end

    # Reads output of the command, decoded straight into the buffer: Raw::OK with bytes, ITEM for a record without
    # output, or DONE.
    def read(buffer, maxlen)
      while (status = Raw.call_read(@handle, buffer, maxlen)) == Raw::AGAIN
        wait
      end
      status
    rescue DescriptorsError => e
      find_descriptors(e)
      retry
    end

    # Writes bytes of the content; an empty text ends it. Returns whether the server still wants any.
    def write(bytes)
      taken = 0
      loop do
        status, more = take(taken.zero? ? bytes : bytes.byteslice(taken..))
        return false if status == Raw::DONE

        taken += more
        return true if status == Raw::OK && taken == bytes.bytesize

        wait if status == Raw::AGAIN
      end
    end

    def each
      while (record = self.next)
        yield record
      end
    end

    # Makes the call fail, and wakes its waiter.
    def cancel
      Raw.call_cancel(@handle)
    rescue IOError
      nil # closed meanwhile
    end

    # Frees the call; one in flight is abandoned and its connection closed.
    def close
      Raw.call_free(@handle)
    end

    private

    def take(bytes)
      Raw.call_write(@handle, bytes)
    rescue DescriptorsError => e
      find_descriptors(e)
      retry
    end

    # As Ruby's own IO does when there are no descriptors left: runs the collector once, to close unreferenced ones.
    # Nothing has been sent by then, and the library starts the call again.
    def find_descriptors(error)
      raise error if @collected || error.sent != :nothing

      @collected = true
      @io = nil
      GC.start
    end

    # Waits as Ruby waits for any IO: other threads run, interrupts take effect, and a fiber scheduler may take over.
    # The descriptor is the library's, so this IO must never close it.
    def wait
      @io ||= IO.for_fd(Raw.call_fd(@handle), autoclose: false)
      @io.wait_readable || check_timed_out
    end

    # A wait without a limit returns nil only under a fiber scheduler. That of async 1.x does so when the user's
    # with_timeout has expired, and swallows the exception, so it is raised here. Others raise it themselves: from them
    # it is a spurious wakeup, and the call continues.
    def check_timed_out
      raise ::Async::TimeoutError, "execution expired" if defined?(::Async::VERSION) && ::Async::VERSION.to_i == 1
    end
  end
  private_constant :Call
end
