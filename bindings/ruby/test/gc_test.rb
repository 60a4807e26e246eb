# frozen_string_literal: true

require_relative "conformance"
require "stringio"

# The collector at the worst moments: of young objects at every allocation (a full one takes minutes), and moving all
# objects that it may move.
class GcTest < Kit::Test
  # Cases with all fields, odd ones, and failures.
  CASES = Dir.glob("#{Conformance::FOLDER}/cases/*.json").flat_map { |path| Conformance.load(path) }.grep(
    ->(one) { one["id"].match?(/\.(success|unknown|null|command-fails)\z/) }
  )

  def teardown
    GC.stress = false
    GC.auto_compact = false
    super
  end

  # A way to call (Conformance.run) with a collection at every allocation.
  Conformance.define_singleton_method(:under_stress) do |*arguments|
    GC.stress = 1
    by_name(*arguments)
  ensure
    GC.stress = false
  end

  # A way to call with compaction at each collection.
  Conformance.define_singleton_method(:compacted) do |*arguments|
    GC.auto_compact = true
    by_name(*arguments).tap { GC.compact }
  ensure
    GC.auto_compact = false
  end

  def test_cases_under_stress
    assert_operator CASES.size, :>=, 20
    CASES.each { |one| Conformance.run(one, :under_stress) }
  end

  # First all objects are moved. (Once: the heap, with space for all of them, would double each time.)
  def test_cases_after_compaction
    GC.verify_compaction_references(toward: :empty)
    CASES.each { |one| Conformance.run(one, :compacted) }
  end

  def test_a_stream_under_stress
    stream = client(events(OUTPUT, OUTPUT, DONE).url).run_stream(["x"])
    GC.stress = 1
    texts = [stream.next.text, stream.readpartial(3), stream.readpartial(99)]
    GC.stress = false
    assert_equal %W[hello\n hel lo\n], texts
  end

  def test_a_stream_whose_objects_move
    stream = client(events(*[OUTPUT] * 3, DONE).url).run_stream(["x"])
    types = stream.map do |event|
      GC.compact
      event.type
    end
    assert_equal %w[output output output done], types
  end

  # Returns its pieces, with a compaction between them.
  Moving = Struct.new(:pieces) do
    def readpartial(_maxlen, buffer)
      GC.compact
      buffer.replace(pieces.shift || raise(EOFError))
    end
  end

  def file_server(content)
    whole = {success: true, data: {encoding: "base64", content: [content].pack("m0"), size: content.bytesize}}
    rules({method: "GET", times: "always", steps: [{reply: {json: whole}}]},
          {method: "PUT", times: "always", steps: [{reply: {json: {success: true}}}]})
  end

  def test_files_under_stress
    content = Random.bytes(5000)
    server = file_server(content)
    one = client(server.url)
    GC.stress = 1
    file = one.open_file("sb", "/x")
    pieces = [file.readpartial(7), file.readpartial(1, +"x" * 100), file.read]
    one.write_file("sb", "/x", StringIO.new(content))
    one.write_file("sb", "/x", content)
    GC.stress = false
    assert_equal content, pieces.join
    assert_equal [content] * 2, server.written
  end

  def test_files_whose_objects_move
    content = Random.bytes(200_000)
    server = file_server(content)
    one = client(server.url)
    got = String.new
    one.open_file("sb", "/x") do |file|
      file.each_piece do |piece|
        GC.compact
        got << piece
      end
    end
    assert_equal content, got
    one.write_file("sb", "/x", Moving.new([content, "", "end"]))
    assert_equal ["#{content}end".b], server.written
  end

  # All other tests of the client, with a minor collection at every allocation, and with a compaction at each.
  {"stress" => "GC.stress = 1", "compaction" => "GC.auto_compact = true"}.each do |name, setting|
    define_method("test_the_tests_of_the_client_under_#{name}") do
      code = <<~RUBY
        %w[client stream session files].each { |name| require File.join(ARGV[0], "\#{name}_test") }
        ARGV.clear
        Kit.local_url
        [ClientTest, StreamTest, SessionTest, FilesTest].each do |tests|
          tests.prepend(Module.new { def run = (#{setting}) && super })
        end
      RUBY
      assert_match(/ 0 failures, 0 errors/, ruby(code, __dir__))
    end
  end
end
