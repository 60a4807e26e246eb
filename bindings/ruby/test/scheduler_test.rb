# frozen_string_literal: true

require_relative "kit"
require "async"
require "stringio"

# Calls in the tasks of a fiber scheduler: other tasks run, and exceptions that it raises in a task take effect.
class SchedulerTest < Kit::Test
  # All wait at once, for replies that another task releases.
  def test_the_reactor_goes_on
    server = rules({times: "always", steps: [{wait: "release"}, {reply: {json: OK}}]})
    one = client(server.url)
    Sync do |task|
      tasks = Array.new(50) { task.async { one.run(["x"]).text } }
      server.await("waiting", 50)
      server.release(50)
      assert_equal ["hello\n"] * 50, tasks.map(&:wait)
    end
    assert_equal 50, server.counts["connections"]
  end

  def test_streams_in_the_reactor
    server = events(OUTPUT, end: false, steps: [{delay_ms: 50}, {event: OUTPUT}, {event: DONE}, {last_chunk: true}])
    one = client(server.url)
    Sync do |task|
      tasks = Array.new(20) do |i|
        task.async do
          stream = one.run_stream(["x"])
          case i % 3
          when 0 then stream.map(&:type)
          when 1 then Array.new(3) { stream.next.type }
          else Array.new(2) { stream.readpartial(99) && "output" } << stream.next.type
          end
        end
      end
      tasks.each { |each| assert_equal %w[output output done], each.wait }
    end
  end

  # Without idle connections each call has its own descriptors, whose numbers are soon reused.
  {64 => 20, 0 => 400}.each do |max_idle, connections|
    define_method("test_many_tasks_share_a_client_that_keeps_#{max_idle}") do
      server = rules({times: "always", steps: [{delay_ms: 2}, {reply: {json: OK}}]})
      one = client(server.url, max_idle:)
      Sync do |task|
        tasks = Array.new(20) { task.async { Array.new(20) { one.run(["x"]).text } } }
        assert_equal ["hello\n"] * 400, tasks.flat_map(&:wait)
      end
      assert_operator server.counts["connections"], :<=, connections
    end
  end

  # Ways to call that wait.
  WAYS = {run: ->(one) { one.run(["x"]) },
          next: ->(one) { one.run_stream(["x"]).next },
          readpartial: ->(one) { one.run_stream(["x"]).readpartial(9) },
          write: ->(one) { one.write_file("sb", "/x", StringIO.new("content")) }}.freeze

  # With any version of the scheduler.
  WAYS.each do |name, call|
    define_method("test_stopped_tasks_#{name}") do
      server = hanging
      one = client(server.url)
      Sync do |task|
        (1..5).each do |round|
          stopped = task.async { call.call(one) }
          server.await("requests", round)
          stopped.stop
        end
      end
      server.await("client_ended", 5)
    end

    define_method("test_with_timeout_#{name}") do
      server = hanging
      one = client(server.url)
      Sync do |task|
        5.times do
          assert_raises(Async::TimeoutError) { task.with_timeout(0.02) { call.call(one) } }
          assert_raises(KeyError) { task.with_timeout(0.02, KeyError) { call.call(one) } }
        end
      end
      server.await("client_ended", server.counts["connections"])
    end
  end

  # The call's own deadline is its own error in tasks, too.
  def test_a_deadline_in_a_task
    one = client(hanging.url)
    Sync do |task|
      error = task.with_timeout(Kit::PATIENCE) do
        assert_raises(AgentKernel::TimeoutError) { one.run(["x"], timeout: 0.05) }
      end
      assert_equal "AK_E_TIMEOUT", error.code
    end
  end

  if Async::VERSION.to_i > 1
    def test_timeout_in_a_task
      one = client(hanging.url)
      Sync { 5.times { assert_raises(Timeout::Error) { Timeout.timeout(0.02) { one.run(["x"]) } } } }
    end
  end

  # A scheduler with a spurious wakeup every second time, as some versions may have.
  def test_a_scheduler_that_wakes_by_mistake
    server = events(OUTPUT, end: false, steps: [{wait: "release"}, {event: DONE}, {last_chunk: true}])
    code = <<~RUBY
      require "agentkernel"
      class Hasty
        attr_reader :turns

        def io_wait(io, _events, _timeout)
          @turns = @turns.to_i + 1
          IO.for_fd(3, "w").close if @turns == 1 # tells that it waits
          IO.select([io]) && IO::READABLE if @turns.even?
        end

        def fiber(&block) = Fiber.new(blocking: false, &block).tap(&:resume)
        def block(*) = raise(NotImplementedError)
        alias unblock block
        alias kernel_sleep block
        def close = nil
      end
      Fiber.set_scheduler(scheduler = Hasty.new)
      Fiber.schedule do
        print AgentKernel::Client.new(base_url: ARGV[0]).run_stream(["x"]).map(&:type).join(" ")
      end
      print " ", scheduler.turns.positive?
    RUBY
    reader, writer = IO.pipe
    told = Thread.new { ruby(code, server.url, 3 => writer) }
    server.await("waiting") # the child has writer by then
    writer.close
    reader.wait_readable(Kit::HANG) # until it waits, or has failed
    server.release
    assert_equal "output done true", told.value
  ensure
    reader&.close
  end

  def test_a_sandbox_in_the_reactor
    one = client
    name = "ruby-async-#{Process.pid}"
    Sync do |task|
      assert_equal "x\n", one.sandbox(name) { |sb| sb.run(%w[echo x]).text }
      inside = Queue.new
      stopped = task.async { one.sandbox(name) { inside.push(true) && sleep(10 * Kit::PATIENCE) } }
      inside.pop
      stopped.stop
      # async 1.x does not wait for a task that is stopping, which removes the sandbox meanwhile.
      left = -> { one.list_sandboxes.map(&:name).include?(name) }
      (Kit::PATIENCE * 50).times { left.call ? sleep(0.02) : break }
      refute left.call
    end
  end

  # An exception in the task meanwhile does not keep the sandbox: the request gets its reply, and keeps its connection.
  def test_a_removal_is_not_interrupted
    server = rules({method: "POST", steps: [{reply: {json: SANDBOX}}]},
                   {method: "DELETE", steps: [{wait: "release"}, {delay_ms: 100}, {reply: {json: SANDBOX}}]},
                   {times: "always", steps: [{reply: {json: SANDBOX}}]})
    one = client(server.url, max_idle: 1)
    Sync do |task|
      stopped = task.async { one.sandbox("sb") { nil } }
      server.await("waiting")
      stopped.stop
      server.release
      server.await("complete", 2)
    end
    one.get_sandbox("sb")
    assert_equal %w[POST DELETE GET], server.requests.map(&:first)
    assert_equal 1, server.counts["connections"]
  end
end
