# frozen_string_literal: true

require "minitest/autorun"
require "agentkernel"
require "fileutils"
require "json"
require "open3"
require "rbconfig"
require "timeout"
require "tmpdir"

ENV.delete_if { |name, _| name.start_with?("AGENTKERNEL_") }

# Tests drop more descriptors on purpose than the usual soft limit allows until the collector runs.
Process.setrlimit(:NOFILE, Process.getrlimit(:NOFILE).last)

# Shared by the tests: agentkernel-local, the scripted fault server, and numbers of this process.
module Kit
  TREE = File.expand_path("../../..", __dir__)
  # The timeout of waits in seconds, long enough for a busy machine.
  PATIENCE = 60

  # The same for a whole program: one of them runs most of these tests under GC.stress.
  HANG = 3600

  # A program of the tree's build; the environment variable may name another.
  def self.program(variable, name)
    path = ENV.fetch(variable, File.join(TREE, "build/bin", name))
    File.executable?(path) ? path : abort("#{path} is missing: build the tree first, or set #{variable}")
  end

  # The URL of a server that really runs commands, for the whole run.
  def self.local_url
    @local_url ||= begin
      state = Dir.mktmpdir("ak-ruby-", "/var/tmp") # where /tmp is a tmpfs, files count as a sandbox's memory
      program = program("AK_LOCAL_SERVER", "agentkernel-local")
      input, output, @local = Open3.popen2(program, "--listen", "127.0.0.1:0", "--state", "#{state}/state",
                                           err: File::NULL)
      input.close
      Minitest.after_run do
        Process.kill(:TERM, @local.pid)
        @local.value.success? or abort "agentkernel-local ended with #{@local.value}"
        FileUtils.rm_rf(state)
      end
      output.gets.split.fetch(2)
    end
  end

  # ak-fault-server: a line of JSON in, a line of JSON out.
  module FaultProgram
    @lock = Mutex.new

    def self.ask(**command)
      @lock.synchronize do
        start unless @input
        @input.puts(JSON.generate(command))
        answer = JSON.parse(@output.gets)
        raise "#{command}: #{answer}" unless answer["ok"]

        answer
      end
    end

    def self.start
      @input, @output, = Open3.popen2(Kit.program("AK_FAULT_SERVER", "ak-fault-server"))
    end
    private_class_method :start
  end

  # A script that the fault server runs.
  class Fault
    attr_reader :answer

    def initialize(script)
      @answer = FaultProgram.ask(op: "script", script:)
      @id = @answer.fetch("id")
    end

    def url = @answer.fetch("url")
    def counts = FaultProgram.ask(op: "counts", id: @id).fetch("counts")
    def log = FaultProgram.ask(op: "log", id: @id)
    def requests = log["requests"].map { |request| request.values_at("method", "target") }
    def body(index) = JSON.parse(log["requests"][index]["body"].unpack1("m"))

    # The contents of files that were written.
    def written
      log["requests"].filter_map do |request|
        JSON.parse(request["body"].unpack1("m"))["content"].unpack1("m") if request["method"] == "PUT"
      end
    end

    def release(count = 1) = FaultProgram.ask(op: "release", id: @id, count:)
    def stop = FaultProgram.ask(op: "stop", id: @id)

    # Polls, because the program serves one command at a time.
    def await(counter, least = 1, patience: PATIENCE)
      (patience * 50).ceil.times do
        return if FaultProgram.ask(op: "await", id: @id, counter:, least:, timeout_ms: 20)["reached"]

        sleep 0.001
      end
      raise "#{counter} did not reach #{least}: #{counts}"
    end
  end

  # A test with servers that end with it.
  class Test < Minitest::Test
    OK = {success: true, data: {output: "hello\n"}}.freeze
    DONE = {event: "done", data: {exit_code: 0, success: true}}.freeze
    OUTPUT = {event: "output", data: {data: "hello\n", stream: "stdout"}}.freeze
    SANDBOX = {success: true, data: {name: "sb", status: "running", backend: "test", placeholder_secrets: false}}.freeze

    def teardown
      @faults&.each(&:stop)
    end

    def fault(**script)
      (@faults ||= []).push(Fault.new(script)).last
    end

    def rules(*rules) = fault(rules:)

    # Replies to every request with this.
    def reply(body, **more) = rules({times: "always", steps: [{reply: {json: body, **more}}]})

    # Replies with a stream of events, and more steps.
    def events(*events, steps: [], **sse) = rules({times: "always", steps: [{sse: {events:, **sse}}, *steps]})

    # An event, and then silence until the client goes away.
    def hanging_stream = events(OUTPUT, end: false, steps: [{wait: "close"}])

    def hanging = rules({times: "always", steps: [{wait: "close"}]})

    def client(url = Kit.local_url, **settings)
      AgentKernel::Client.new(base_url: url, **settings)
    end

    # The number of open descriptors of this process.
    def descriptors = Dir.children("/proc/self/fd").size

    # The resident memory of this process in KiB.
    def resident = File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i

    def seconds
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
    end

    # Tries longer and longer deadlines until the interrupted work had started in time, as the block reports.
    def stretched(seconds = 0.1)
      until (found = yield(seconds))
        assert_operator seconds, :<, PATIENCE
        seconds *= 3
      end
      found
    end

    # Runs code in a separate Ruby with this library: its output. A hang is an error.
    def ruby(code, *arguments, env: {}, **options)
      output, status = Timeout.timeout(HANG) do
        Open3.capture2e(env, RbConfig.ruby, "-w", "-e", code, *arguments, **options)
      end
      assert_predicate status, :success?, output
      output
    end
  end
end
