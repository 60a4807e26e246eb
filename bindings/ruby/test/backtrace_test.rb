# frozen_string_literal: true

require_relative "kit"
require "async"

# The backtrace of an error begins at the line that called the library, and has none of the library's own.
class BacktraceTest < Kit::Test
  FAILED = {event: "error", data: {message: "broken"}}.freeze

  # What the block raises. It has to call the library in the line of the call of this method.
  def check(type, frames = caller, &)
    error = assert_raises(type, &)
    assert_equal frames[0][/\A.+:\d+/], error.backtrace[0][/\A.+:\d+/], error.full_message
    assert_empty error.backtrace.grep(%r{lib/agentkernel})
    return unless error.is_a?(AgentKernel::Error)

    assert_includes error.full_message(highlight: false, order: :top), "#{frames[0][/\A.+:\d+/]}:in "
    error
  end

  def failing_after_create
    rules({method: "POST", target: "/sandboxes", steps: [{reply: {json: SANDBOX}}]},
          {times: "always", steps: [{reply: {json: {success: false, error: "x"}, status: 500}}]})
  end

  def missing = client(reply({success: false, error: "no such"}, status: 404).url)

  def test_calls
    check(AgentKernel::NotFoundError) { missing.run(["x"]) }
    check(AgentKernel::NotFoundError) { missing.list_sandboxes.size }
    check(AgentKernel::ValidationError) { missing.get_sandbox("not a name") }
    check(AgentKernel::ValidationError) { AgentKernel::Client.open(timeout: -1) }
    check(AgentKernel::Error) { missing.tap(&:close).run(["x"]) }
  end

  def test_locations
    error = check(AgentKernel::NotFoundError) { missing.run(["x"]) }
    assert_equal(error.backtrace, error.backtrace_locations.map(&:to_s))
  end

  def test_streams
    url = events(OUTPUT, FAILED).url
    check(AgentKernel::StreamError) { IO.copy_stream(client(url).run_stream(["x"]), File::NULL) }
    check(AgentKernel::NotFoundError) { missing.run_stream(["x"]) { flunk } }
    check(AgentKernel::NotFoundError) { missing.run_stream(["x"]).map(&:type) }
    check(AgentKernel::NotFoundError) { missing.run_stream(["x"]).lazy.map(&:type).first(1) }
  end

  # A stream that has failed fails again, at the line that reads it again.
  def test_streams_again
    stream = missing.run_stream(["x"])
    first = check(AgentKernel::NotFoundError) { stream.next }
    again = check(AgentKernel::NotFoundError) { stream.peek }
    assert_equal [first.message, first.http_status], [again.message, again.http_status]
    ended = client(events(DONE).url).run_stream(["x"]).each { pass }
    check(StopIteration) { ended.next }
    check(EOFError) { ended.readpartial(1) }
  end

  def test_files
    Dir.mktmpdir do |folder|
      check(AgentKernel::NotFoundError) { missing.download("sb", "/x", "#{folder}/x") }
      check(AgentKernel::NotFoundError) { missing.upload("sb", __FILE__, "/x") }
      check(AgentKernel::NotFoundError) { missing.open_file("sb", "/x", &:read) }
      check(Errno::ENOENT) { missing.upload("sb", "#{folder}/none", "/x") }
      check(Errno::EINVAL) { missing.download("sb", "/x", folder) }
    end
  end

  def test_wrong_arguments
    one = client("http://127.0.0.1:1")
    check(TypeError) { one.run("not a list") }
    check(TypeError) { one.write_file("sb", "/x", 5) }
    check(TypeError) { one.detached_wait("sb", "id", within: "long") }
    check(TypeError) { one.run_stream(["x"]).readpartial("many") }
    check(ArgumentError) { one.run(["x"], colour: "red") }
    check(ArgumentError) { one.call(:paint) }
    check(ArgumentError) { AgentKernel::Client.open(colour: "red") }
    check(ArgumentError) { AgentKernel::Client.new(colour: "red") }
  end

  # The frames of the caller's own blocks stay.
  def test_sessions
    server = failing_after_create
    error = nil
    _out, warned = capture_io do
      error = check(AgentKernel::ServerError) { client(server.url).sandbox("sb") { |sb| sb.run(["x"]) } }
    end
    assert_includes warned, "could not be removed"
    assert_operator error.backtrace.grep(/#{__FILE__}/).size, :>=, 3
    check(AgentKernel::NotFoundError) { missing.sandbox("sb").read_file("/x") }
  end

  def test_fibers
    check(AgentKernel::NotFoundError) { Sync { |task| task.async { missing.run(["x"]) }.wait } }
    # The removal, which fails, is in a thread.
    server = failing_after_create
    check(AgentKernel::ServerError) { Sync { client(server.url).sandbox("sb") { pass } } }
  end

  def quietly
    Thread.current.report_on_exception = false
    yield
  end

  def test_threads
    one = missing
    check(AgentKernel::NotFoundError) { Thread.new { quietly { one.run(["x"]) } }.value }
  end

  # An error that is not rescued is reported where the program called.
  def test_programs
    code = %(require "agentkernel"\n\nAgentKernel::Client.new(base_url: ARGV[0]).run(["x"]))
    output, = Open3.capture2e(RbConfig.ruby, "-e", code, reply({success: false, error: "no"}, status: 404).url)
    assert_match(/\A-e:3:in [`']<main>': no \(AgentKernel::NotFoundError\)$/, output)
    refute_includes output, "lib/agentkernel"
  end

  def test_all_of_it_when_debugging
    error = assert_raises(AgentKernel::NotFoundError) { missing.run(["x"]) }
    $DEBUG = true
    assert_match(%r{lib/agentkernel/call.rb}, error.backtrace[0])
  ensure
    $DEBUG = false
  end
end
