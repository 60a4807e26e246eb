# frozen_string_literal: true

require_relative "kit"

class SessionTest < Kit::Test
  CREATE = ["POST", "/sandboxes"].freeze
  LOOK = ["GET", "/sandboxes/sb"].freeze
  REMOVE = ["DELETE", "/sandboxes/sb"].freeze
  MISSING = [{reply: {status: 404, json: {success: false, error: "Sandbox not found"}}}].freeze
  BROKEN = [{reply: {status: 500, json: {success: false, error: "disk full"}}}].freeze
  HANG = [{wait: "close"}].freeze
  FINE = [{reply: {json: SANDBOX}}].freeze

  # A server with one sandbox, with lists of steps for each create, look-up and removal; the last is repeated.
  def server_for(**ways)
    found = {create: CREATE, look: LOOK, remove: REMOVE}.flat_map do |name, (method, target)|
      answers = ways.fetch(name, [FINE])
      answers.each_with_index.map do |steps, index|
        {method:, target:, steps:, times: index == answers.size - 1 ? "always" : 1}
      end
    end
    rules(*found, {method: "POST", target: "/sandboxes/sb/exec", times: "always", steps: [{reply: {json: OK}}]})
  end

  # The requests of a create that does not end before its deadline, which is long enough for it to start.
  def cut_off(**ways)
    stretched do |seconds|
      server = server_for(create: [HANG], **ways)
      yield client(server.url), seconds
      server.requests if server.requests.include?(CREATE)
    end
  end

  # The same, by the deadline of the call.
  def timed_out(**ways)
    cut_off(**ways) do |one, timeout|
      assert_raises(AgentKernel::TimeoutError) { one.sandbox("sb", timeout:) { flunk } }
    end
  end

  def test_for_real
    one = client
    session = nil
    result = one.sandbox("ruby-session", image: "python:3.12-alpine", vcpus: 1) do |sb|
      session = sb
      sb.run(["sh", "-c", "echo kept > file"])
      assert_equal "kept\nb\n", sb.run(["sh", "-c", "cat file; echo $A"], env: {"A" => "b"}).text
      assert_equal ["ruby-session", 1, "running"], [sb.name, sb.sandbox.vcpus, sb.info.status]
      :result
    end
    assert_equal :result, result
    assert_raises(AgentKernel::NotFoundError) { one.get_sandbox("ruby-session") }
    assert_equal "AK_E_STATE", assert_raises(AgentKernel::Error) { session.run(["true"]) }.code
    assert_includes session.inspect, "removed"
  end

  def test_removed_on_every_way_out
    server = server_for
    one = client(server.url)
    [KeyError, Interrupt, SystemExit, NoMemoryError].each do |way|
      assert_raises(way) { one.sandbox("sb") { raise way } }
    end
    catch(:out) { one.sandbox("sb") { throw :out } }
    one.sandbox("sb") { break }
    assert_raises(Timeout::Error) { one.sandbox("sb") { Timeout.timeout(0.05) { sleep } } }
    inside = Queue.new
    thread = Thread.new { one.sandbox("sb") { inside.push(true) && sleep } }
    inside.pop
    thread.kill.join
    assert_equal [CREATE, REMOVE] * 8, server.requests
  end

  def test_options_reach_the_server
    server = server_for
    client(server.url).sandbox("sb", backend: "docker", volumes: ["v:/d"], secrets: ["K:h"]) { nil }
    assert_equal({"name" => "sb", "backend" => "docker", "volumes" => ["v:/d"], "secrets" => ["K:h"]}, server.body(0))
    assert_raises(ArgumentError) { client(server.url).sandbox("sb", nonsense: 1) { nil } }
    assert_raises(AgentKernel::ValidationError) { client(server.url).sandbox("s/b") { nil } }
    assert_equal [CREATE, REMOVE], server.requests
  end

  def test_without_a_block_its_first_use_creates_it
    server = server_for
    session = client(server.url).sandbox("sb")
    session.remove
    assert_empty server.requests
    assert_equal "hello\n", session.run(["x"]).text
    2.times { session.remove }
    assert_equal [CREATE, ["POST", "/sandboxes/sb/exec"], REMOVE], server.requests
  end

  def test_a_sandbox_that_is_gone_already_is_fine
    server = server_for(remove: [MISSING])
    client(server.url).sandbox("sb") { nil }
    assert_equal [CREATE, REMOVE], server.requests
  end

  def test_a_failed_removal_is_an_error_and_can_be_repeated
    server = server_for(remove: [BROKEN, FINE])
    session = client(server.url).sandbox("sb")
    assert_raises(AgentKernel::ServerError) { session.open { nil } }
    session.remove
    assert_equal [CREATE, REMOVE, REMOVE], server.requests
  end

  def test_a_failed_removal_does_not_hide_the_blocks_exception
    server = server_for(remove: [BROKEN])
    _, told = capture_io { assert_raises(KeyError) { client(server.url).sandbox("sb") { raise KeyError } } }
    assert_includes told, "the sandbox sb could not be removed: disk full"
  end

  def test_a_create_that_was_refused_removes_nothing
    [400, 409, 500].each do |status|
      server = server_for(create: [[{reply: {status:, json: {success: false, error: "exists"}}}]])
      assert_raises(AgentKernel::Error) { client(server.url).sandbox("sb") { flunk } }
      assert_equal [CREATE], server.requests
    end
    error = assert_raises(AgentKernel::NetworkError) { client(fault(listen: "refuse").url).sandbox("sb") { flunk } }
    assert_equal :nothing, error.sent
  end

  def test_a_create_that_timed_out
    assert_equal [CREATE, LOOK, REMOVE], timed_out
  end

  {reset: [{reset: true}],
   cut: [{text: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"}, {close: true}],
   no_json: [{reply: {text: "<html>"}}], gateway: [{reply: {status: 504, text: "<html>"}}]}.each do |name, steps|
    define_method("test_a_create_whose_answer_was_lost_#{name}") do
      server = server_for(create: [steps])
      assert_raises(AgentKernel::Error) { client(server.url).sandbox("sb") { flunk } }
      assert_equal [CREATE, LOOK, REMOVE], server.requests
    end
  end

  def test_a_server_that_finishes_the_create_later
    assert_equal [CREATE, LOOK, LOOK, LOOK, REMOVE], timed_out(look: [MISSING, MISSING, FINE])
  end

  def test_a_sandbox_of_somebody_else_stays
    {(Time.now - 86_400).utc.iso8601 => false, (Time.now - 1).utc.iso8601(9) => true, "nonsense" => true}
      .each do |created_at, removed|
        found = {success: true, data: SANDBOX[:data].merge(created_at:)}
        assert_equal [CREATE, LOOK] + (removed ? [REMOVE] : []), timed_out(look: [[{reply: {json: found}}]])
      end
  end

  def test_a_leftover_that_cannot_be_removed_is_told
    _, told = capture_io { timed_out(remove: [BROKEN]) }
    assert_includes told, "disk full"
  end

  # Timeout throws and a kill raises nothing: neither can be rescued.
  def test_a_create_that_is_interrupted
    requests = cut_off do |one, seconds|
      assert_raises(Timeout::Error) { Timeout.timeout(seconds) { one.sandbox("sb") { flunk } } }
    end
    assert_equal [CREATE, LOOK, REMOVE], requests
    server = server_for(create: [HANG])
    thread = Thread.new { client(server.url).sandbox("sb") { flunk } }
    server.await("requests")
    thread.kill.join
    assert_equal [CREATE, LOOK, REMOVE], server.requests
  end

  def test_an_interruption_waits_for_the_removal
    server = server_for(remove: [[{wait: "release"}, *FINE]])
    one = client(server.url)
    inside = Queue.new
    thread = Thread.new { one.sandbox("sb") { inside.push(true) && sleep } }
    inside.pop
    thread.report_on_exception = false
    3.times do |i|
      thread.raise(KeyError)
      server.await("complete", 2) if i.zero?
      assert_nil thread.join(0.05)
    end
    server.release
    assert_raises(KeyError) { thread.join(Kit::PATIENCE) }
    assert_equal [CREATE, REMOVE], server.requests
    assert_equal 0, server.counts["client_ended"]
  end
end
