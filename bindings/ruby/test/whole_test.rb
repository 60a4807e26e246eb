# frozen_string_literal: true

require_relative "kit"

# Results of operations beyond the conformance cases, against a real server where it supports them.
class WholeTest < Kit::Test
  def in_sandbox(&)
    client.sandbox("ruby-whole-#{Process.pid}", image: "python:3.12-alpine", &)
  end

  def test_detached_commands
    in_sandbox do |sb|
      started = sb.exec_detached(["sh", "-c", "echo out; echo err >&2; exit 3"], env: {A: "b"})
      ended = sb.detached_wait(started.id, within: Kit::PATIENCE)
      assert_equal [false, 3], [ended.running?, ended.exit_code]
      assert_equal %W[out\n err\n], [sb.detached_logs(ended.id).text, sb.detached_logs(ended.id, stream: "stderr").text]
      assert_equal [ended.id], sb.detached_list.map(&:id)
    end
  end

  def test_a_detached_command_that_does_not_end
    in_sandbox do |sb|
      id = sb.exec_detached(%w[sleep 1000]).id
      error = assert_raises(AgentKernel::TimeoutError) { sb.detached_wait(id, within: 0.1) }
      assert_equal "AK_E_TIMEOUT", error.code
      assert_predicate sb.detached_status(id), :running?
      assert_nil sb.detached_kill(id)
      refute_predicate sb.detached_wait(id, within: Kit::PATIENCE), :running?
    end
  end

  def test_labels
    one = client
    in_sandbox do |sb|
      assert_equal({"team" => "red"}, one.update_sandbox(sb.name, labels: {team: "red"}).labels)
      assert_equal [sb.name], one.list_sandboxes(labels: {team: "red"}).map(&:name)
      assert_equal "words", one.update_sandbox(sb.name, description: "words").description
      assert_empty one.update_sandbox(sb.name, labels: {}).labels || {}
    end
  end

  def test_batch_run
    good, bad = client.batch_run([["echo", "a b"], ["false"]])
    assert_equal ["a b\n", true, false], [good.text, good.success?, bad.success?]
  end

  def test_the_server
    one = client
    assert_kind_of Array, one.get_backends.backends
    assert_kind_of String, one.get_status.version
    assert_kind_of Integer, one.get_stats.sandbox_count
  end

  def test_any_request
    one = client
    assert_equal 200, one.request(:GET, "/status").http_status
    assert_kind_of Hash, one.request("GET", "/status").json
    gone = one.request("GET", "/sandboxes/none", check: false)
    assert_equal [404, false], [gone.http_status, gone.json["success"]]
    assert_raises(AgentKernel::NotFoundError) { one.request("GET", "/sandboxes/none") }
  end

  def test_a_body_is_what_ruby_makes_json_of
    [{a: [1, nil]}, [1], "text", 7, false].each do |body|
      server = reply({success: true})
      client(server.url).request("POST", "/x", body:)
      assert_equal JSON.generate(body), server.log["requests"][0]["body"].unpack1("m")
    end
    assert_raises(ArgumentError) { client(hanging.url).request("POST", "/x", body: Float::NAN) }
  end

  def test_a_snapshot_is_started_where_the_server_passes_over_it
    stopped = SANDBOX.merge(data: SANDBOX[:data].merge(status: "stopped"))
    server = rules({method: "POST", target: "/snapshots/s/restore", steps: [{reply: {json: stopped}}]},
                   {method: "POST", target: "/sandboxes/sb/start", steps: [{reply: {json: {success: true}}}]},
                   {method: "GET", target: "/sandboxes/sb", steps: [{reply: {json: SANDBOX}}]})
    assert_predicate client(server.url).restore_snapshot("s", start: true), :running?
    assert_equal 3, server.requests.size
  end

  def test_wrong_types
    one = client(hanging.url)
    assert_raises(TypeError) { one.update_sandbox("sb", labels: ["a"]) }
    assert_raises(TypeError) { one.batch_run(["true"]) }
    assert_raises(TypeError) { one.batch_run({a: ["true"]}) }
    assert_raises(TypeError) { one.write_files("sb", [["/a", "b"]]) }
  end
end
