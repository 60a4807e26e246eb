# frozen_string_literal: true

require_relative "../kit"

# Ruby frees objects in any order: those that a collection finds, and all remaining ones when the interpreter ends. Here
# they are freed while finalizers, at_exit, threads and forked children use them. Nothing may crash, and late uses must
# fail with an error.
module Endings
  OUTPUT = Kit::Test::OUTPUT
  DONE = Kit::Test::DONE
  OK = Kit::Test::OK
  SANDBOX = Kit::Test::SANDBOX
  PRELUDE = File.join(__dir__, "prelude.rb")
  SEEDS = ENV["AK_TEST_LONG"] == "1" ? 20 : 2

  # Replies to everything, with long streams and files.
  def answering
    file = {success: true, data: {encoding: "utf8", content: "content " * 500, size: 4000}}
    rules({target: "/run/stream", times: "always", steps: [{sse: {events: [*[OUTPUT] * 200, DONE]}}]},
          {target: "/health", times: "always", steps: [{reply: {json: {success: true, data: "ok"}}}]},
          {method: "GET", times: "always", steps: [{reply: {json: file}}]},
          {target: "/sandboxes/sb/exec", times: "always", steps: [{reply: {json: OK}}]},
          {times: "always", steps: [{reply: {json: SANDBOX}}]})
  end

  # Replies only to creates, look-ups and removals of sandboxes.
  def silent
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n" \
           '{"success":true,"data":{"encoding":"utf8","content":"half'
    rules({target: "/run/stream", times: "always", steps: [{sse: {events: [OUTPUT], end: false}}, {wait: "close"}]},
          {target: "/sandboxes/sb", times: "always", steps: [{reply: {json: SANDBOX}}]},
          {method: "GET", times: "always", steps: [{text: head}, {wait: "close"}]},
          {method: "PUT", read: "head", times: "always", steps: [{wait: "close"}]},
          {times: "always", steps: [{reply: {json: SANDBOX}}]})
  end

  # Runs a program with several seeds; each ends with that status, and a block gets its output.
  def ending(code, status: 0)
    SEEDS.times do |seed|
      other = silent
      output, ended = Open3.capture2e(environment, RbConfig.ruby, "-W:no-experimental", "-r", PRELUDE, "-e", code,
                                      answering.url, other.url, seed.to_s)
      output = shown(output)
      assert_equal status, ended.termsig || ended.exitstatus, output
      refute_match(/Sanitizer|\[BUG\]|a finalizer met/, output)
      yield output, other
    end
  end

  def environment = {}
  def shown(output) = output

  # Objects that a finalizer uses are freed in the same collection (weak references), or in a later one.
  COLLECTED = <<~RUBY
    def leave
      one = Ending.client
      all = Ending.things(one)
      weak = all.map { |thing| WeakRef.new(thing) }
      all.each do |thing|
        thing.instance_variable_set(:@mine, all)
        Ending.at_end(thing, *weak)
      end
      Ending.at_end(Object.new, *all)
    end

    COLLECT = [-> { GC.start }, -> { GC.compact }, -> { GC.start(full_mark: false) }].freeze
    6.times do |round|
      GC.auto_compact = round.odd?
      leave
      COLLECT[round % 3].call
    end
    GC.stress = 1
    leave
    GC.stress = false
    4.times { GC.start }
    puts Ending.finalized > 50
  RUBY

  def test_a_collection
    ending(COLLECTED) { |output| assert_equal "true\n", output }
  end

  # Everything is referenced until the end, by constants, waiting threads, fibers and finalizers.
  HELD = <<~'RUBY'
    ONE = Ending.client
    ALL = Ending.things(ONE)
    OTHER = Ending.client(SILENT)
    WAITING = Ending.waiting(OTHER)
    at_exit do
      ALL.sample(5, random: RANDOM).each { |thing| Ending.use(thing) }
      puts "at_exit #{ONE.health}"
      ONE.close if RANDOM.rand(2).zero?
    end
    ALL.each { |thing| Ending.at_end(thing, *ALL, WAITING) }
    last = Object.new
    ObjectSpace.define_finalizer(last, ->(_) { puts "finalizer #{Ending.client.health}" })
    GC.start
  RUBY

  # How a program may end, and its status.
  ENDINGS = {"by_its_last_line" => ["", 0],
             "by_exit" => ["exit 3", 3],
             "by_an_exception" => ["raise KeyError", 1],
             "by_a_thread" => ["Thread.new { exit 4 }; sleep", 4],
             "in_a_sandbox" => ["ONE.sandbox('sb') { ONE.run_stream(['x']) { exit 5 } }", 5],
             "after_its_threads" => ["WAITING.each(&:kill).each(&:join); exit 6", 6],
             "under_stress" => ["GC.stress = 1; exit 7", 7],
             "by_ctrl_c" => ["Process.kill(:INT, $$); sleep", Signal.list["INT"]],
             "by_a_signal" => ["Process.kill(:TERM, $$); sleep", Signal.list["TERM"]]}.freeze

  ENDINGS.each do |name, (code, status)|
    define_method("test_the_interpreters_end_#{name}") do
      ending(HELD + code, status:) do |output, silent|
        assert_includes output, "at_exit ok\n"
        assert_includes output, "finalizer ok\n"
        silent.await("client_ended", silent.counts["connections"])
        assert_includes silent.requests, ["DELETE", "/sandboxes/sb"] # of the thread that waited in a sandbox
      end
    end
  end

  def test_the_interpreters_end_at_once
    ending("#{HELD}exit!(8)", status: 8) { |output| assert_empty output }
  end

  # A child that inherits all objects of its parent, drops one half of them and ends with the other.
  FORKED = <<~'RUBY'
    one = Ending.client
    all = Ending.things(one)
    kept = all.partition { |thing| thing.respond_to?(:next) }.reduce(:+).each_slice(2).map(&:first)
    running = one.run_stream(["x"]).tap(&:next)
    Ending.waiting
    pid = fork do
      all.clear
      3.times { GC.start }
      GC.compact
      running.next
    rescue AgentKernel::ForkedError => e
      puts "#{e.code} #{one.health} #{one.run_stream(["x"]).first.text}"
      at_exit { [*kept, running].each { |thing| Ending.use(thing) } }
      kept.each { |thing| Ending.at_end(thing, *kept, running) }
      exit 3
    end
    Process.wait(pid)
    puts "child #{$?.exitstatus}, #{running.next.text}"
    (all - [one]).each { |thing| Ending.use(thing) }
  RUBY

  def test_a_forked_child
    ending(FORKED) { |output| assert_equal "AK_E_FORKED ok hello\nchild 3, hello\n", output }
  end

  # Threads that are killed in a wait, while everything that can be is collected.
  KILLED = <<~RUBY
    GC.stress = 1
    one = Ending.client(SILENT)
    2.times do
      threads = Ending.waiting(one)
      threads.each(&:kill).each { |thread| thread.kill.join }
    end
    threads = Ending.waiting(one)
    threads.each { |thread| thread.report_on_exception = false }.each { |thread| thread.raise(KeyError) }
    GC.stress = false
    puts threads.map { |thread| thread.join rescue $!.class }.join(" ")
  RUBY

  def test_threads_that_are_killed_in_a_wait
    ending(KILLED) do |output, silent|
      assert_equal "#{Array.new(5, KeyError).join(' ')}\n", output
      silent.await("client_ended", silent.counts["connections"])
      made, removed = [["POST", "/sandboxes"], ["DELETE", "/sandboxes/sb"]].map { |one| silent.requests.count(one) }
      assert_equal [3, 3], [made, removed]
    end
  end

  # Clients, streams and files are closed in each order, and used afterwards.
  ORDERS = <<~RUBY
    told = %i[client stream file call].permutation.map do |order|
      one = Ending.client
      all = {client: one, stream: one.run_stream(["x"]).tap(&:next), call: one.prepare(:health),
             file: one.open_file("sb", "/x").tap { |file| file.readpartial(2) }}
      order.each do |name|
        all[name].close
        GC.start(full_mark: false)
        all.each_value { |thing| Ending.use(thing) }
      end
      2.times { all.each_value(&:close) }
      [-> { one.health }, -> { all[:stream].next }, -> { all[:file].readpartial(1) }, -> { all[:call].next }].map do |use|
        use.call
      rescue StopIteration, IOError, AgentKernel::Error => e
        e.message
      end
    end
    puts told.uniq
  RUBY

  def test_each_order_of_closing
    wanted = ["the client is closed", "the stream has ended", "the file is closed", "the call is closed"]
    ending(ORDERS) { |output| assert_equal wanted, output.lines(chomp: true) }
  end

  # The library belongs to the main Ractor; collections in others affect all objects.
  RACTOR = <<~RUBY
    one = Ending.client
    others = Array.new(2) do
      Ractor.new do
        20.times { GC.start && Array.new(1000) { Object.new } }
        AgentKernel::Raw.client_new
      rescue Ractor::Error => e
        e.class
      end
    end
    10.times { Ending.things(one) }
    puts others.map(&:take).uniq
  RUBY

  def test_ractors
    ending(RACTOR) { |output| assert_equal "Ractor::UnsafeError\n", output }
  end

  # A signal handler may use the object that the program waits for.
  TRAPPED = <<~RUBY
    one = Ending.client(SILENT)
    stream = one.run_stream(["x"])
    trap(:USR1) { stream.close }
    stream.next
    Thread.main.then { |main| Thread.new { Thread.pass until main.stop?; Process.kill(:USR1, $$) } }
    begin
      stream.next
    rescue AgentKernel::CancelledError => e
      puts e.code
    end
  RUBY

  def test_a_handler_that_closes
    ending(TRAPPED) { |output| assert_equal "AK_E_CANCELLED\n", output }
  end
end
