# frozen_string_literal: true

require_relative "kit"

# Other threads, and interruptions, while a call waits.
class WaitingTest < Kit::Test
  # The reply arrives only when another thread releases it.
  {run: ->(one) { one.run(["x"]).text },
   each: ->(one) { one.run_stream(["x"]) { |event| break event.text } },
   readpartial: ->(one) { one.run_stream(["x"]).readpartial(9) }}.each do |name, call|
    define_method("test_other_threads_run_#{name}") do
      answer = name == :run ? {reply: {json: OK}} : {sse: {events: [OUTPUT, DONE]}}
      server = rules({steps: [{wait: "release"}, answer]})
      other = Thread.new { server.await("waiting") || server.release }
      assert_equal "hello\n", call.call(client(server.url))
      other.join
    end
  end

  # Without idle connections each call has its own descriptors, whose numbers are soon reused.
  {64 => 20, 0 => 400}.each do |max_idle, connections|
    define_method("test_many_threads_share_a_client_that_keeps_#{max_idle}") do
      server = rules({times: "always", steps: [{delay_ms: 2}, {reply: {json: OK}}]})
      one = client(server.url, max_idle:)
      texts = Array.new(20) { Thread.new { Array.new(20) { one.run(["x"]).text } } }.flat_map(&:value)
      assert_equal ["hello\n"] * 400, texts
      assert_operator server.counts["connections"], :<=, connections
    end
  end

  # Ways to call that wait; each must end at once when it is interrupted, and leak nothing.
  WAYS = {run: ->(one) { one.run(["x"]) },
          each: ->(one) { one.run_stream(["x"]) { nil } },
          next: ->(one) { one.run_stream(["x"]).next },
          readpartial: ->(one) { one.run_stream(["x"]).readpartial(9) },
          list: :list_sandboxes.to_proc}.freeze

  WAYS.each do |name, call|
    define_method("test_timeout_#{name}") do
      server = hanging
      one = client(server.url)
      interrupted(server) do
        assert_raises(Timeout::Error) { Timeout.timeout(0.05) { call.call(one) } }
      end
    end

    define_method("test_kill_and_raise_#{name}") do
      server = hanging
      one = client(server.url)
      interrupted(server, 20) do |round|
        thread = Thread.new do
          Thread.current.report_on_exception = false
          call.call(one)
        end
        server.await("requests", round)
        round.even? ? thread.kill : thread.raise(KeyError)
        assert(round.even? ? thread.join(Kit::PATIENCE) : assert_raises(KeyError) { thread.join(Kit::PATIENCE) })
      end
    end
  end

  # Interrupts calls, each with its own connection, and checks that all of these are closed. (GC frees dropped streams.)
  def interrupted(server, rounds = 5)
    before = nil
    (1..rounds).each do |round|
      yield round
      GC.start
      before ||= descriptors
    end
    server.await("client_ended", server.counts["connections"])
    assert_operator descriptors, :<=, before + 5
  end

  def test_an_interrupted_stream_is_over
    server = hanging_stream
    stream = client(server.url).run_stream(["x"])
    stream.next
    assert_raises(Timeout::Error) { Timeout.timeout(0.05) { stream.next } }
    assert_predicate stream, :closed?
    assert_raises(AgentKernel::CancelledError) { stream.next }
    server.await("client_ended")
  end

  def test_ctrl_c
    code = <<~RUBY
      require "agentkernel"
      client = AgentKernel::Client.new(base_url: ARGV[0])
      begin
        ARGV[1] == "run" ? client.run(["x"]) : client.run_stream(["x"]) { nil }
      rescue Interrupt
        print "interrupted"
      end
    RUBY
    %w[run stream].each do |way|
      server = hanging
      child = Thread.new { ruby(code, server.url, way) }
      server.await("requests")
      pids = Dir.children("/proc/#{Process.pid}/task").flat_map do |task|
        File.read("/proc/#{Process.pid}/task/#{task}/children").split.map(&:to_i)
      end
      Process.kill(:INT, pids.find { |pid| File.read("/proc/#{pid}/cmdline").include?(server.url) })
      assert_equal "interrupted", child.value
    end
  end

  def test_a_trap_runs_while_a_call_waits
    heard = Queue.new
    before = trap(:USR1) { heard.push(true) }
    server = rules({steps: [{wait: "release"}, {reply: {json: OK}}]})
    url = server.url
    thread = Thread.new do
      server.await("requests")
      Process.kill(:USR1, Process.pid)
      heard.pop
      server.release
    end
    assert_equal "hello\n", client(url).run(["x"]).text
    thread.join
  ensure
    trap(:USR1, before)
  end

  # ---- fork

  def test_a_forked_child_goes_on_with_the_client
    server = rules({times: "always", steps: [{reply: {json: OK}}]})
    one = client(server.url)
    assert_equal "hello\n", one.run(["x"]).text
    assert_equal("hello\n", in_child { one.run(["x"]).text })
    assert_equal "hello\n", one.run(["x"]).text
    assert_equal 2, server.counts["connections"]
  end

  def test_a_call_of_the_parent_stays_the_parents
    server = events(OUTPUT, end: false, steps: [{wait: "release"}, {event: DONE}, {last_chunk: true}])
    stream = client(server.url).run_stream(["x"])
    stream.next
    told = in_child do
      stream.next
    rescue AgentKernel::ForkedError => e
      stream = nil
      GC.start
      e.code
    end
    assert_equal "AK_E_FORKED", told
    server.release
    assert_equal "done", stream.next.type
  end

  # The result of a block in a forked child, which does not run the parent's tests or stop its servers.
  def in_child
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      writer.write(yield)
      writer.close
    ensure
      exit!(0)
    end
    writer.close
    Timeout.timeout(Kit::PATIENCE) { reader.read }
  ensure
    reader.close
    Process.wait(pid)
  end
end
