# frozen_string_literal: true

require_relative "kit"
require "async"
require "stringio"

# Files of sandboxes, whole and piece by piece, in real sandboxes.
class FilesTest < Kit::Test
  BYTES = (0..255).to_a.pack("C*").freeze
  WROTE = {success: true, data: "Wrote"}.freeze

  # Returns its pieces, then raises its end: the error.
  Source = Struct.new(:pieces, :error) do
    def readpartial(_maxlen, buffer)
      piece = pieces.shift or raise error
      buffer.replace(piece)
    end
  end

  def in_sandbox(&)
    client.sandbox("ruby-files-#{Process.pid}", image: "python:3.12-alpine", &)
  end

  def test_for_real
    in_sandbox do |sb|
      assert_nil sb.write_file("/tmp/deep/er/bytes", BYTES)
      file = sb.read_file("/tmp/deep/er/bytes")
      assert_equal [BYTES, Encoding::BINARY, 256], [file.content, file.content.encoding, file.size]
      assert_equal 2, sb.write_files({"/tmp/a b" => "1", "/tmp/é" => "ü"}).written
      assert_equal "ü", sb.read_file("/tmp/é").text
      assert_nil sb.delete_file("/tmp/é")
      assert_raises(AgentKernel::NotFoundError) { sb.read_file("/tmp/é") }
      assert_raises(AgentKernel::NotFoundError) { sb.open_file("/tmp/é", &:read) }
    end
  end

  def test_by_piece
    large = Random.bytes(3_000_000)
    in_sandbox do |sb|
      assert_nil sb.write_file("/tmp/large", StringIO.new(large), size: large.bytesize)
      assert_equal(large, sb.open_file("/tmp/large", &:read))
      copy = StringIO.new("".b)
      assert_equal large.bytesize, sb.open_file("/tmp/large") { |reader| IO.copy_stream(reader, copy) }
      assert_equal large, copy.string
      sb.open_file("/tmp/large") { |reader| sb.write_file("/tmp/twice", reader) } # from the sandbox into it
      assert_equal large, sb.read_file("/tmp/twice").content
      assert_nil sb.write_file("/tmp/empty", StringIO.new(""))
      assert_equal("", sb.open_file("/tmp/empty", &:read))
    end
  end

  def test_upload_and_download
    Dir.mktmpdir do |folder|
      File.binwrite("#{folder}/from", BYTES * 1000)
      in_sandbox do |sb|
        sb.upload("#{folder}/from", "/tmp/file")
        assert_equal 256_000, sb.download("/tmp/file", "#{folder}/into")
        assert_equal BYTES * 1000, File.binread("#{folder}/into")
        assert_equal 0o666 & ~File.umask, File.stat("#{folder}/into").mode & 0o777
        assert_raises(AgentKernel::NotFoundError) { sb.download("/tmp/none", "#{folder}/none") }
      end
      assert_equal %w[from into], Dir.children(folder).sort
    end
  end

  def test_a_download_that_breaks_off_leaves_what_was_there
    head = '{"success": true, "data": {"encoding": "utf8", "content": "half of'
    server = rules({times: "always", steps: [{reply: {headers: {"Content-Type" => "application/json"}, text: head}}]})
    Dir.mktmpdir do |folder|
      File.write("#{folder}/into", "old")
      assert_raises(AgentKernel::Error) { client(server.url).download("sb", "/x", "#{folder}/into") }
      assert_equal ["into"], Dir.children(folder)
      assert_equal "old", File.read("#{folder}/into")
    end
  end

  def test_strings_are_written_byte_for_byte
    [BYTES, "ü".encode("UTF-16LE"), "ü".encode("ISO-8859-1"), "ü"].each do |content|
      server = reply(WROTE)
      client(server.url).write_file("sb", "/x", content)
      assert_equal [content.b], server.written
    end
    assert_raises(TypeError) { client(hanging.url).write_file("sb", "/x", 5) }
  end

  def test_a_source_of_many_pieces
    server = reply(WROTE)
    client(server.url).write_file("sb", "/x", Source.new(["a" * 100_000, "", "b"], EOFError.new))
    assert_equal "#{'a' * 100_000}b", server.written[0]
  end

  def test_a_source_that_fails_writes_nothing
    in_sandbox do |sb|
      failing = Source.new(["half" * 100_000], Errno::EIO.new)
      assert_raises(Errno::EIO) { sb.write_file("/tmp/x", failing) }
      assert_raises(AgentKernel::NotFoundError) { sb.read_file("/tmp/x") }
    end
  end

  def test_a_size_that_is_not_the_contents
    server = hanging
    [2, 4].each do |size|
      error = assert_raises(AgentKernel::ValidationError) do
        client(server.url).write_file("sb", "/x", StringIO.new("123"), size:)
      end
      assert_includes error.message, "size"
    end
    error = assert_raises(AgentKernel::TooLargeError) do
      client(server.url).write_file("sb", "/x", StringIO.new("123"), size: 20_000_000)
    end
    assert_equal :nothing, error.sent
  end

  def test_an_answer_may_come_before_the_end
    answer = {reply: {status: 413, json: {success: false, error: "enough"}}}
    server = rules({times: "always", steps: [answer]})
    endless = Struct.new(:given) do
      def readpartial(maxlen, buffer)
        self.given += maxlen
        raise "nobody stops it" if given > 100_000_000

        buffer.replace("x" * maxlen)
      end
    end
    assert_raises(AgentKernel::TooLargeError) { client(server.url).write_file("sb", "/x", endless.new(0)) }
  end

  def test_a_reader_that_is_closed
    server = hanging
    reader = client(server.url).open_file("sb", "/x")
    waiting = Thread.new { assert_raises(AgentKernel::CancelledError) { reader.read } }
    server.await("requests")
    reader.close
    assert waiting.join(Kit::PATIENCE)
    assert_predicate reader, :closed?
    assert_raises(IOError) { reader.readpartial(1) }
    reader.close
  end

  def test_a_reader_is_for_one_at_a_time
    server = hanging
    reader = client(server.url).open_file("sb", "/x")
    waiting = Thread.new { assert_raises(AgentKernel::CancelledError) { reader.read } }
    server.await("requests")
    assert_equal "AK_E_STATE", assert_raises(AgentKernel::Error) { reader.readpartial(1) }.code
    reader.close
    assert waiting.join(Kit::PATIENCE)
  end

  def test_the_end_stays_the_end
    server = reply({success: true, data: {encoding: "utf8", content: "all", size: 3}})
    reader = client(server.url).open_file("sb", "/x")
    assert_equal %w[al l], [reader.readpartial(2), reader.readpartial(2)]
    2.times { assert_raises(EOFError) { reader.readpartial(1) } }
    assert_equal "", reader.read
    assert_raises(ArgumentError) { reader.readpartial(-1) }
    assert_includes reader.inspect, "closed"
  end

  def test_a_timeout_ends_reading_and_writing
    one = client(hanging.url)
    assert_raises(Timeout::Error) { Timeout.timeout(0.1) { one.open_file("sb", "/x", &:read) } }
    assert_raises(AgentKernel::TimeoutError) { one.open_file("sb", "/x", timeout: 0.1, &:read) }
    assert_raises(AgentKernel::TimeoutError) { one.write_file("sb", "/x", StringIO.new("x"), timeout: 0.1) }
  end

  # The content is written when another fiber allows it.
  def test_other_fibers_run_meanwhile
    server = rules({steps: [{wait: "release"}, {reply: {json: WROTE}}]})
    one = client(server.url)
    Sync do |task|
      writing = task.async { one.write_file("sb", "/x", StringIO.new("x")).inspect }
      task.async { server.await("waiting") || server.release }
      assert_equal "nil", writing.wait
    end
  end
end
