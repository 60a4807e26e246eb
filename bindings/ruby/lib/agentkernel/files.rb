# frozen_string_literal: true

require "tempfile"

module AgentKernel
  # Files of sandboxes.
  class Client
    PIECE_BYTES = 65_536
    private_constant :PIECE_BYTES

    # A file: a FileContent. See open_file for large ones.
    def read_file(name, path, **options) = one(:read_file, name:, path:, **options)

    # Opens a file for reading while it comes: a FileReader. With a block, yields it, closes it however the block is
    # left, and gives the block's result. Nothing is sent before its first read. Memory stays flat where the server says
    # how it encodes before the content, as agentkernel-local does; of others the library keeps the whole reply, up to
    # max_reply_bytes. The timeout holds until the last byte.
    def open_file(name, path, **options)
      reader = FileReader.new(prepare(:read_file, name:, path:, **options))
      return reader unless block_given?

      begin
        yield reader
      ensure
        reader.close
      end
    end

    # Writes a file, and makes the folders above it. The content is a String, which is written byte for byte, or an IO,
    # or what else has readpartial, of which no more than a piece is held. When reading it fails, the server has got
    # half a request, and writes nothing. Servers take about 12 MB at most.
    #
    # size:: how many bytes an IO will give: too many are refused before anything is sent, and too few fail
    def write_file(name, path, content, **options)
      return write_from(name, path, content, **options) if content.respond_to?(:readpartial)

      text = String.try_convert(content || "") # nil is for the library to refuse
      raise TypeError, "content must be a String or an IO, not #{content.class}" unless text

      one(:write_file, name:, path:, content:, **options)
    end

    # Writes several files of text, a Hash by their paths: a FilesWritten. When one fails, others may have been written.
    def write_files(name, files, **options) = one(:write_files, name:, files:, **options)

    # Removes a file.
    def delete_file(name, path, **options) = one(:delete_file, name:, path:, **options)

    # Writes a file with what a file here has. A block is told after each piece how many bytes were handed in; leaving
    # it early leaves the file there as it was.
    def upload(name, from, path, **options, &)
      File.open(from, "rb") do |file|
        size = file.size if file.stat.file?
        write_from(name, path, file, size:, **options, &)
      end
    end

    # Reads a file into one here, which is there once all of it has come; the result is its bytes. What is there stays
    # until then, and a link stays one. A block is told after each piece how many bytes have come; leaving it early
    # leaves the file here as it was.
    def download(name, path, into, **options, &)
      into = File.realpath(into) if File.exist?(into)
      raise Errno::EINVAL, "not a regular file: #{into}" unless !File.exist?(into) || File.file?(into)

      Tempfile.create(File.basename(into), File.dirname(into), binmode: true) do |file|
        size = open_file(name, path, **options) { |reader| keep(reader, file, &) }
        file.chmod(0o666 & ~File.umask)
        file.close
        File.rename(file.path, into)
        size
      end
    end

    private

    def write_from(name, path, source, **options, &)
      call = prepare(:write_file, name:, path:, **options)
      begin
        pour(source, call, &)
        call.next
      ensure
        call.close
      end
    end

    def pour(source, call)
      buffer = String.new(capacity: PIECE_BYTES)
      done = 0
      while (piece = piece_of(source, buffer))
        return unless piece.empty? || call.write(piece) # the server may answer early

        done += piece.bytesize
        yield done if block_given?
      end
      call.write("")
    end

    def piece_of(source, buffer)
      source.readpartial(PIECE_BYTES, buffer)
    rescue EOFError
      nil
    end

    def keep(reader, file)
      done = 0
      reader.each_piece do |piece|
        done += file.write(piece)
        yield done if block_given?
      end
      done
    end
  end
end
