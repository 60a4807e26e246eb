# frozen_string_literal: true

require_relative "kit"
require "stringio"

# Ten thousand calls: constant memory, and no leaked descriptors.
class LeakTest < Kit::Test
  ROUNDS = 10_000

  def serve
    failing = {success: false, error: "no", exit_code: 1, output: "x" * 200}
    long = {event: "output", data: {data: "x" * 200, stream: "stdout"}}
    rules({target: "/run/stream", times: "always", steps: [{sse: {events: [*[long] * 5, DONE]}}]},
          {target: "/sandboxes/sb/exec", times: "always", steps: [{reply: {status: 409, json: failing}}]},
          {method: "GET", times: "always", steps: [{reply: {json: FILE}}]},
          {times: "always", steps: [{reply: {json: OK}}]})
  end

  FILE = {success: true, data: {encoding: "base64", content: ["x" * 9999].pack("m0"), size: 9999}}.freeze
  FAILING = Class.new { def readpartial(*) = raise(Errno::EIO) }

  # A round of each kind, in which one stream is read, one left early and one dropped; and the same with files.
  KINDS = [->(one) { one.run(["x"]) },
           ->(one) { one.run_stream(["x"]).to_a.size == 6 or raise "not six events" },
           lambda do |one|
             one.exec_in_sandbox("sb", ["x"])
           rescue AgentKernel::CommandError
             nil
           end,
           ->(one) { one.run_stream(["x"]) { break } },
           ->(one) { one.run_stream(["x"]).next },
           ->(one) { one.run_stream(["x"]).readpartial(99) },
           ->(one) { one.open_file("sb", "/x", &:read).bytesize == 9999 or raise "not the whole file" },
           ->(one) { one.open_file("sb", "/x") { |file| file.readpartial(9) } },
           ->(one) { one.open_file("sb", "/x").readpartial(9) },
           ->(one) { one.write_file("sb", "/x", StringIO.new("x" * 9999)) },
           lambda do |one|
             one.write_file("sb", "/x", FAILING.new)
           rescue Errno::EIO
             nil
           end].freeze

  def check_flat
    yield ROUNDS # by now malloc's heap no longer grows
    GC.start
    memory = resident
    open = descriptors
    yield ROUNDS
    GC.start
    assert_operator descriptors, :<=, open + 50 # dropped streams that the stack still refers to, of thousands
    assert_operator resident, :<=, memory + 10_240
  end

  def test_calls
    one = client(serve.url, max_idle: 2) # otherwise the number of idle connections depends on the collector
    check_flat { |rounds| rounds.times { |i| KINDS[i % KINDS.size].call(one) } }
  end

  def test_clients_come_and_go
    url = serve.url
    check_flat do |rounds|
      (rounds / 10).times do |i|
        one = client(url)
        one.run(["x"])
        one.close if i.even?
      end
    end
  end

  # Only dropped streams: the collector finds them before the process is out of descriptors.
  def test_forgotten_streams_are_found_in_time
    url = hanging_stream.url
    code = <<~RUBY
      require "agentkernel"
      Process.setrlimit(:NOFILE, 1024, 1024)
      client = AgentKernel::Client.new(base_url: ARGV[0])
      2000.times { client.run_stream(["x"]).next }
      print Dir.children("/proc/self/fd").size < 1024
    RUBY
    assert_equal "true", ruby(code, url)
  end

  # Leaves a number of free descriptors. (Ruby's own IO runs the collector when there are none, except when it is
  # disabled.)
  LEAVE = <<~'RUBY'
    LIMIT = Process.getrlimit(:NOFILE)
    def leave(count)
      unused = (0..1000).reject { |number| File.exist?("/proc/self/fd/#{number}") }
      Process.setrlimit(:NOFILE, unused[count], LIMIT[1])
    end
  RUBY

  # Like Ruby's own IO, every method runs the collector when there are no descriptors left, wherever that happens. Here
  # nothing else does.
  def test_forgotten_streams_are_found_when_descriptors_run_out
    whole = {success: true, data: {encoding: "utf8", content: "hello\n", size: 6}}
    hanging = [{sse: {events: [OUTPUT], end: false}}, {wait: "close"}]
    server = rules({target: "/run/stream", times: "always", steps: hanging},
                   {method: "GET", times: "always", steps: [{reply: {json: whole}}]},
                   {times: "always", steps: [{reply: {json: OK}}]})
    code = <<~RUBY
      require "agentkernel"
      require "stringio"
      client = AgentKernel::Client.new(base_url: ARGV[0], max_idle: 0)
      doors = [-> { client.run_stream(["x"]).readpartial(99) },
               -> { client.run(["x"]).text },
               -> { client.open_file("sb", "/x", &:read) },
               -> { client.write_file("sb", "/x", StringIO.new("content" * 1000)) },
               -> { client.write_file("sb", "/x", "") },
               -> { client.write_file("sb", "/x", StringIO.new("")) }]
      GC.disable
      doors.first.call # and what Ruby itself opens, once
      found = doors.product((0..7).to_a).map do |door, count|
        10.times { client.run_stream(["x"]).next }
        before = GC.count
        leave(count)
        door.call
        Process.setrlimit(:NOFILE, *LIMIT)
        GC.count - before
      end
      print found.each_slice(8).map { |counts| counts.first(3).sum }.join(" ")
    RUBY
    assert_equal Array.new(6, 3).join(" "), ruby(LEAVE + code, server.url) # each method lacked one to three
    assert_equal 480 + 8 + 1, server.requests.count(["POST", "/run/stream"]) # nothing was sent twice
    assert_equal({"content" * 1000 => 8, "" => 16}, server.written.tally)
  end

  def test_out_of_descriptors_is_an_error_of_its_own
    code = <<~RUBY
      require "agentkernel"
      client = AgentKernel::Client.new(base_url: ARGV[0])
      streams = [client.run_stream(["x"])]
      streams[0].next
      leave(2)
      begin
        (streams << client.run_stream(["x"])).last.next
      rescue AgentKernel::DescriptorsError => e
        streams.each(&:close)
        print e.code, " ", client.run_stream(["x"]).next.text
      end
    RUBY
    assert_equal "AK_E_DESCRIPTORS hello\n", ruby(LEAVE + code, hanging_stream.url)
  end

  def test_a_long_stream_is_read_in_flat_memory
    event = "event: output\ndata: {\"data\":\"#{'x' * 16_384}\",\"stream\":\"stdout\"}\n\n"
    count = 65_536 # 1 GiB
    one = client(rules({times: "always", steps: [
                         {sse: {events: [], end: false}}, {repeat_text: event, count:, chunked: true},
                         {text: "event: done\ndata: {\"exit_code\":0,\"success\":true}\n\n", chunked: true},
                         {last_chunk: true}
                       ]}).url)
    one.run_stream(["x"]).first(500)
    GC.start
    memory = most = resident
    watch = ->(bytes) { bytes.tap { most = [most, resident].max if rand(200).zero? } }
    assert_equal(count * 16_384, one.run_stream(["x"]).sum { |each| watch.call(each.data.to_s.bytesize) })
    stream = one.run_stream(["x"])
    buffer = String.new(capacity: 1 << 16)
    total = 0
    begin
      loop { total += watch.call(stream.readpartial(1 << 16, buffer).bytesize) }
    rescue EOFError
      assert_equal count * 16_384, total
    end
    assert_operator most, :<=, memory + (192 * 1024) # strings that the collector has not freed yet
  end
end
