# frozen_string_literal: true

module AgentKernel
  # A file of a sandbox, read as it arrives: Client#open_file returns it. IO.copy_stream reads from it. Only its end
  # (EOFError, or read without a length) means that the file was complete. One thread or fiber reads it at a time; close
  # may be called by any.
  class FileReader
    include Reading

    PIECE_BYTES = 65_536
    private_constant :PIECE_BYTES

    def initialize(call)
      begin_reading(call)
      @whole = false
    end

    # The rest of the content, as binary.
    def read
      content = String.new
      each_piece { |piece| content << piece }
      content
    end

    # Yields the rest of the content, as it arrives. The pieces are one buffer, which the next one overwrites.
    def each_piece
      buffer = String.new(capacity: PIECE_BYTES)
      yield buffer while read_next(PIECE_BYTES, buffer)
    end

    def inspect = reading_inspect

    private

    # ITEM, a record without content, is an empty file.
    def advance(call, maxlen, buffer)
      loop do
        case call.read(buffer, maxlen)
        when Raw::OK then return buffer
        when Raw::DONE then break
        end
      end
      @whole = true
      nil
    end

    # A reader that was closed early is not at the end of its file.
    def ended
      super
      Backtrace.refuse(IOError, "the file is closed") unless @whole
    end
  end
end
