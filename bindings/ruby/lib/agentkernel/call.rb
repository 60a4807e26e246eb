# frozen_string_literal: true

require "io/wait"

module AgentKernel
  # One call of an operation: bound when it is made, nothing sent before it first goes on. One thread at a time uses
  # it; cancel may come from any.
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

    # The current record, where read has met one.
    def record
      @kind.new(Raw.call_values(@handle))
    end

    # Reads output of the command, decoded straight into the buffer: Raw::OK with bytes, ITEM when a record without
    # output has come, or DONE.
    def read(buffer, maxlen)
      while (status = Raw.call_read(@handle, buffer, maxlen)) == Raw::AGAIN
        wait
      end
      status
    rescue DescriptorsError => e
      find_descriptors(e)
      retry
    end

    # Hands in bytes of the content, an empty text ends it: whether the server still wants any.
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

    # Makes whoever goes on with the call fail, and wake.
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

    # As Ruby's own IO does when there are no descriptors left: has the collector find those that were forgotten, once.
    # Nothing was sent by then, and the library begins the call again.
    def find_descriptors(error)
      raise error if @collected || error.sent != :nothing

      @collected = true
      @io = nil
      GC.start
    end

    # Waits as Ruby waits for any IO: other threads run, interrupts come through, and a fiber scheduler may step in.
    # The descriptor stays the library's, so this IO must never close it.
    def wait
      @io ||= IO.for_fd(Raw.call_fd(@handle), autoclose: false)
      @io.wait_readable || in_vain
    end

    # A wait without a limit ends in vain only under a fiber scheduler. That of async 1.x does so when its user's
    # with_timeout is over, and keeps the exception to itself, so it is raised here. Others let it through: from them it
    # is a waking like any other, and the call goes on.
    def in_vain
      raise ::Async::TimeoutError, "execution expired" if defined?(::Async::VERSION) && ::Async::VERSION.to_i == 1
    end
  end
  private_constant :Call
end
