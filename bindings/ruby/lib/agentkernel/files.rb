# frozen_string_literal: true

require "tempfile"

module AgentKernel
  # Files of sandboxes.
  class Client
    PIECE_BYTES = 65_536
    private_constant :PIECE_BYTES

    # Opens a file for reading as it arrives: a FileReader. With a block, yields it, closes it however the block is
    # left, and returns the block's result. Nothing is sent before its first read. Memory use is constant if the server
    # sends the encoding before the content, as agentkernel-local does; from others the library buffers the whole reply,
    # up to max_reply_bytes. The timeout applies until the last byte.
    def open_file(name, path, **options)
      reader = FileReader.new(prepare(:read_file, name:, path:, **options))
      return reader unless block_given?

      begin
        yield reader
      ensure
        reader.close
      end
    end

    # Writes a file in a sandbox and creates its parent directories. The content is a String, which is written byte for
    # byte, or an IO or anything else that has readpartial, of which no more than a piece is held in memory. When
    # reading it fails, the server has received half a request, and writes nothing. Servers accept about 12 MB at most.
    #
    # size:: the number of bytes that an IO will supply: too many are refused before anything is sent, and too few fail
    def write_file(name, path, content, **options)
      return write_from(name, path, content, **options) if content.respond_to?(:readpartial)

      unless String.try_convert(content || "") # the library refuses nil
        Backtrace.refuse(TypeError, "content must be a String or an IO, not #{content.class}")
      end
      one(:write_file, name:, path:, content:, **options)
    end

    # Writes a file with the content of a local file. A block gets the number of bytes so far after each piece; leaving
    # it early leaves the file in the sandbox unchanged.
    def upload(name, from, path, **options, &)
      Backtrace.trimmed do
        File.open(from, "rb") do |file|
          size = file.size if file.stat.file?
          write_from(name, path, file, size:, **options, &)
        end
      end
    end

    # Reads a file into a local one, which is put in place once all of it has arrived; the result is its size. Until
    # then an existing file is unchanged; a symbolic link is kept. A block gets the number of bytes so far
    # after each piece; leaving it early leaves the local file unchanged.
    def download(name, path, into, **options, &)
      Backtrace.trimmed do
        into = File.realpath(into) if File.exist?(into)
        raise Errno::EINVAL, "not a regular file: #{into}" unless !File.exist?(into) || File.file?(into)

        replace(into) { |file| open_file(name, path, **options) { |reader| save(reader, file, &) } }
      end
    end

    private

    def write_from(name, path, source, **options, &)
      call = prepare(:write_file, name:, path:, **options)
      begin
        write_pieces(source, call, &)
        call.next
      ensure
        call.close
      end
    end

    def write_pieces(source, call)
      buffer = String.new(capacity: PIECE_BYTES)
      done = 0
      while (piece = next_piece(source, buffer))
        return unless piece.empty? || call.write(piece) # the server may reply early

        done += piece.bytesize
        yield done if block_given?
      end
      call.write("")
    end

    def next_piece(source, buffer)
      source.readpartial(PIECE_BYTES, buffer)
    rescue EOFError
      nil
    end

    # Yields a file that takes the place of another afterwards; the result is the block's.
    def replace(into)
      Tempfile.create(File.basename(into), File.dirname(into), binmode: true) do |file|
        result = yield file
        file.chmod(0o666 & ~File.umask)
        file.close
        File.rename(file.path, into)
        result
      end
    end

    def save(reader, file)
      done = 0
      reader.each_piece do |piece|
        done += file.write(piece)
        yield done if block_given?
      end
      done
    end
  end
end
