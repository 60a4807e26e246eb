# frozen_string_literal: true

require_relative "kit"
require "stringio"

class StreamTest < Kit::Test
  def test_events_come_while_they_happen
    text = client.run_stream(["sh", "-c", "echo a; sleep 1000"]) { |event| break event.text if event.output? }
    assert_equal "a\n", text
  end

  def test_how_it_ended
    stream = client.run_stream(["sh", "-c", "echo a; exit 3"]) { nil }
    assert_equal ["done", 3], [stream.final_event.type, stream.exit_code]
    assert_predicate stream, :closed?
  end

  def test_members_of_events
    server = events({event: "started", data: {command: ["x"], fast: false, timestamp: "2026-01-01T00:00:00Z"}},
                    {event: "progress", data: {stage: "sandbox_created", sandbox: "s"}},
                    {event: "output", data: {data: "ä", stream: "stdout"}},
                    {event: "brand-new", data: {what: [1]}}, {event: "odd", data: "not json"},
                    {event: "done", data: {exit_code: 2, success: false, output: "all", oom: true}})
    started, progress, output, fresh, odd, done = client(server.url).run_stream(["x"]).to_a
    assert_equal [["x"], false, "2026-01-01T00:00:00Z"], [started.command, started.fast, started.timestamp]
    assert_equal %w[sandbox_created s], [progress.stage, progress.sandbox]
    assert_equal ["ä".b, "ä", "stdout", nil], [output.data, output.text, output.stream, output.exit_code]
    assert_equal ["brand-new", {"what" => [1]}, nil], [fresh.type, fresh.payload, fresh.text]
    assert_equal [false, nil, "not json"], [odd.parsed, odd.payload, odd.raw]
    assert_equal [2, false, true, "all", true], [done.exit_code, done.success, done.oom, done.text, done.final?]
  end

  def test_odd_payloads_break_nothing
    payloads = ["[1]", "not json", '{"n": NaN}', "", "#{'{"a":' * 30_000}1#{'}' * 30_000}",
                "{\"big\": #{'9' * 5000}}", '{"half": "\\ud800 \\ud83d\\ude00"}']
    server = events(*payloads.map { |data| {event: "odd", data:} }, DONE)
    got = client(server.url).run_stream(["x"]).to_a
    assert_equal(payloads, got.first(7).map(&:raw))
    assert_equal [nil] * 5, got.first(5).map(&:payload)
    assert_equal ("9" * 5000).to_i, got[5].payload["big"]
    assert_predicate got[6].payload["half"], :valid_encoding?
    assert got[6].payload["half"].end_with?("\u{1F600}")
  end

  def test_an_error_event_is_an_item
    server = events({event: "error", data: {message: "command is required"}})
    stream = client(server.url).run_stream(["x"])
    assert_equal([["error", "command is required"]], stream.map { |event| [event.type, event.message] })
    assert_nil stream.exit_code
  end

  def test_it_is_an_enumerator_without_a_fiber
    server = events(OUTPUT, OUTPUT, DONE)
    one = client(server.url)
    assert_kind_of Enumerator, one.run_stream(["x"])
    assert_equal([["output", 0], ["output", 1], ["done", 2]],
                 one.run_stream(["x"]).with_index.map { |event, index| [event.type, index] })
    assert_equal %w[output output], one.run_stream(["x"]).lazy.map(&:type).first(2)
    assert_equal %w[output output], one.run_stream(["x"]).take(2).map(&:type)
    stream = one.run_stream(["x"])
    assert_equal [true, "hello\n", "hello\n"], [stream.peek.equal?(stream.next), stream.peek.text, stream.next.text]
    assert_equal %w[done], stream.to_a.map(&:type)
    assert_raises(StopIteration) { stream.next }
    types = []
    stream = one.run_stream(["x"])
    loop { types << stream.next.type }
    assert_equal %w[output output done], types
  end

  def test_every_way_out_of_a_block_closes
    server = hanging_stream
    one = client(server.url)
    one.run_stream(["x"]) { break }
    assert_raises(KeyError) { one.run_stream(["x"]) { raise KeyError } }
    catch(:out) { one.run_stream(["x"]) { throw :out } }
    assert_equal 1, one.run_stream(["x"]).first(1).size
    stream = one.run_stream(["x"])
    stream.next
    stream.close
    stream.close
    assert_raises(StopIteration) { stream.next }
    assert_empty stream.to_a
    server.await("client_ended", 5)
  end

  def test_a_stream_that_is_forgotten_ends
    server = hanging_stream
    one = client(server.url)
    20.times { one.run_stream(["x"]).next }
    GC.start
    20.times { Object.new }
    server.await("client_ended", 15)
  end

  def test_a_stream_that_breaks_off_is_an_error_each_time
    stream = client(events(OUTPUT).url).run_stream(["x"])
    assert_equal "hello\n", stream.next.text
    errors = Array.new(2) { assert_raises(AgentKernel::StreamError) { stream.next } }
    assert_equal %w[AK_E_TRUNCATED AK_E_TRUNCATED], errors.map(&:code)
    refute_same(*errors)
    assert_predicate stream, :closed?
  end

  def test_readpartial
    server = events({event: "started", data: {}}, OUTPUT, {event: "output", data: {data: "", data_base64: "/wA="}},
                    DONE)
    stream = client(server.url).run_stream(["x"])
    assert_equal "", stream.readpartial(0)
    buffer = +"longer than what comes, so that it shrinks"
    assert_same buffer, stream.readpartial(4, buffer)
    assert_equal ["hell", Encoding::BINARY], [buffer, buffer.encoding]
    assert_equal ["o\n", "\xFF\0".b], [stream.readpartial(100), stream.readpartial(100)]
    2.times { assert_raises(EOFError) { stream.readpartial(100, buffer) } }
    assert_equal ["", 0], [buffer, stream.exit_code]
    assert_raises(ArgumentError) { stream.readpartial(-1) }
  end

  def test_readpartial_into_a_frozen_buffer_changes_nothing
    stream = client(events(OUTPUT, DONE).url).run_stream(["x"])
    assert_raises(FrozenError) { stream.readpartial(9, "frozen") }
  end

  def test_half_an_event_is_not_lost
    stream = client(events(OUTPUT, DONE).url).run_stream(["x"])
    assert_equal "he", stream.readpartial(2)
    assert_equal "AK_E_STATE", assert_raises(AgentKernel::Error) { stream.next }.code
    assert_equal "llo\n", stream.readpartial(9)
    assert_equal "done", stream.next.type
  end

  def test_output_that_comes_with_the_end
    server = events({event: "done", data: {exit_code: 1, success: false, output: "all of it"}})
    stream = client(server.url).run_stream(["x"])
    assert_equal ["all ", "of it"], [stream.readpartial(4), stream.readpartial(9)]
    assert_raises(EOFError) { stream.readpartial(9) }
    assert_equal 1, stream.exit_code
  end

  def test_readpartial_raises_an_error_event
    stream = client(events({event: "error", data: {message: "no such image"}}).url).run_stream(["x"])
    2.times do
      error = assert_raises(AgentKernel::StreamError) { stream.readpartial(9) }
      assert_equal "no such image", error.message
    end
  end

  def test_copy_stream
    file = StringIO.new("".b)
    IO.copy_stream(client.run_stream(%w[seq 1 50000]), file)
    assert_equal Open3.capture2("seq", "1", "50000")[0], file.string
  end

  def test_large_output_is_whole
    stream = client.run_stream(["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"])
    total = stream.sum { |event| (event.data || "").bytesize }
    assert_equal 3_000_000, total
  end

  def test_closed_by_another_thread
    server = hanging_stream
    stream = client(server.url).run_stream(["x"])
    stream.next
    reader = Thread.new { assert_raises(AgentKernel::CancelledError) { stream.next } }
    Thread.pass until reader.stop?
    busy = assert_raises(AgentKernel::Error) { stream.next }
    assert_equal "AK_E_STATE", busy.code
    stream.close
    assert_equal "AK_E_CANCELLED", reader.value.code
    server.await("client_ended")
  end

  def test_a_member_named_otherwise
    server = events({event: "output", data: {content: "old"}}, DONE)
    assert_equal "old", client(server.url).run_stream(["x"]).first.text
  end
end
