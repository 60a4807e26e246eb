# frozen_string_literal: true

require_relative "kit"

class ClientTest < Kit::Test
  def test_commands_for_real
    AgentKernel::Client.open(base_url: Kit.local_url) do |client|
      assert_equal "ok", client.health
      result = client.run(["printf", "%s|", "a b", "$HOME", "ä", "-n", "*"], profile: :restrictive)
      assert_equal "a b|$HOME|ä|-n|*|", result.text
      assert_equal 0, result.exit_code
      assert_predicate result, :success?
    end
  end

  def test_output_is_binary_and_text_is_utf8
    output = client.run(["printf", '\303\244\377']).output
    assert_equal Encoding::BINARY, output.encoding
    assert_equal "\xC3\xA4\xFF".b, output
    assert_equal "ä\uFFFD", client.run(["printf", '\303\244\377']).text
    assert_equal Encoding::UTF_8, client.run(["true"]).text.encoding
  end

  def test_sandboxes_for_real
    one = client
    made = one.create_sandbox("ruby-test", vcpus: 1, memory_mb: 256)
    assert_equal ["ruby-test", 1, 256], [made.name, made.vcpus, made.memory_mb]
    assert_includes one.list_sandboxes.map(&:name), "ruby-test"
    env = {A: "1", "B" => "2"}
    result = one.exec_in_sandbox("ruby-test", ["sh", "-c", "echo $A$B; pwd; exit 3"], env:, workdir: "/tmp",
                                                                                      check: false)
    assert_equal ["12\n/tmp\n", 3], [result.text, result.exit_code]
    assert_equal "x\n", one.exec_in_sandbox("ruby-test", ["sh", "-c", "echo $C"], env: ["C=x"]).text
    assert_predicate one.get_sandbox("ruby-test"), :running?
  ensure
    assert_nil one.remove_sandbox("ruby-test")
    assert_raises(AgentKernel::NotFoundError) { one.get_sandbox("ruby-test") }
  end

  def test_local_needs_nothing_running
    ENV["AGENTKERNEL_LOCAL"] = Kit.program("AK_LOCAL_SERVER", "agentkernel-local")
    AgentKernel::Client.open(base_url: "local:") do |client|
      assert_equal "local:", client.base_url
      client.sandbox("own") { |sb| assert_equal "x\n", sb.run(%w[echo x]).text }
    end
  ensure
    ENV.delete("AGENTKERNEL_LOCAL")
  end

  def test_a_failing_command_is_an_error_with_its_output
    error = assert_raises(AgentKernel::CommandError) { client.run(["sh", "-c", 'printf "no\377"; exit 3']) }
    assert_equal ["AK_E_COMMAND", 3, "no\xFF".b, 409], [error.code, error.exit_code, error.output, error.http_status]
    assert_equal [Encoding::BINARY, "no\uFFFD"], [error.output.encoding, error.text]
    assert_equal ["run", :answered, nil], [error.operation, error.sent, error.retry_after]
    assert_kind_of AgentKernel::Error, error
    assert_equal 3, client.run(["sh", "-c", "exit 3"], check: false).exit_code
  end

  def test_errors_of_a_server
    {400 => AgentKernel::ValidationError, 401 => AgentKernel::AuthError, 403 => AgentKernel::ForbiddenError,
     404 => AgentKernel::NotFoundError, 409 => AgentKernel::ConflictError, 413 => AgentKernel::TooLargeError,
     418 => AgentKernel::ServerError, 422 => AgentKernel::UnprocessableError, 429 => AgentKernel::QuotaError,
     302 => AgentKernel::ServerError, 503 => AgentKernel::ServerError}.each do |status, kind|
      server = reply({success: false, error: "so it is"}, status:, headers: {"Retry-After": "7"})
      error = assert_raises(kind) { client(server.url).run(["x"]) }
      assert_instance_of kind, error
      assert_equal status, error.http_status
      assert_equal [7.0, "so it is"], [error.retry_after, error.server_text] unless status == 302
    end
  end

  def test_nothing_listens
    error = assert_raises(AgentKernel::NetworkError) { client(fault(listen: "refuse").url).run(["x"]) }
    assert_equal ["AK_E_CONNECT", :nothing, nil, 7], [error.code, error.sent, error.http_status, error.libcurl]
  end

  def test_deadlines
    server = hanging
    one = client(server.url, timeout: 60)
    error = stretched do |timeout|
      found = assert_raises(AgentKernel::TimeoutError) { one.run(["x"], timeout:) }
      found if found.sent != :nothing
    end
    assert_equal ["AK_E_TIMEOUT", :some], [error.code, error.sent]
    assert_kind_of AgentKernel::NetworkError, error
    assert_equal :nothing, assert_raises(AgentKernel::TimeoutError) { one.run(["x"], timeout: 0) }.sent
    assert_raises(AgentKernel::TimeoutError) { client(server.url, timeout: 0.1).run(["x"], timeout: nil) }
    assert_raises(AgentKernel::ValidationError) { one.run(["x"], timeout: -1) }
    assert_raises(AgentKernel::ValidationError) { one.run(["x"], timeout: Float::NAN) }
    assert_equal "hello\n", client(reply(OK).url).run(["x"], timeout: Float::INFINITY).text
  end

  def test_misuse_is_not_an_error_of_ours
    server = reply(OK)
    one = client(server.url)
    error = assert_raises(ArgumentError) { one.run(["x"], imag: "y") }
    assert_equal "unknown keyword: :imag", error.message
    assert_raises(ArgumentError) { one.run }
    assert_raises(ArgumentError) { one.call(:nonsense) }
    assert_raises(ArgumentError) { client(server.url, nonsense: 1) }
    [["x"], "x", 5, {x: 1}].each { |name| assert_raises(TypeError, name.inspect) { one.get_sandbox([name]) } }
    ["echo", 5, [5], [nil], [:echo]].each { |command| assert_raises(TypeError, command.inspect) { one.run(command) } }
    assert_raises(TypeError) { one.run(["x"], check: 1) }
    assert_raises(TypeError) { one.run(["x"], timeout: "1") }
    assert_raises(TypeError) { one.create_sandbox("x", vcpus: 1.5) }
    assert_raises(TypeError) { client(server.url, max_idle: "1") }
    assert_empty server.requests
  end

  # The message names the wrong argument.
  def test_what_misuse_is_told
    one = client(hanging.url)
    {"image must be a String, not Integer" => -> { one.run(["x"], image: 5) },
     "each entry of command must be a String, not Symbol" => -> { one.run([:x]) },
     "each value of env must be a String, not Integer" => -> { one.exec_in_sandbox("sb", ["x"], env: {A: 1}) },
     "each name of labels must be a String, not Integer" => -> { one.create_sandbox("sb", labels: {1 => "a"}) },
     "each entry of commands must be an Array, not String" => -> { one.batch_run(["x"]) },
     "content must be a String or an IO, not Integer" => -> { one.write_file("sb", "/x", 5) },
     "base_url must be a String, not Symbol" => -> { client(:local) },
     "timeout must be a number of seconds, not Complex" => -> { one.run(["x"], timeout: 1i) },
     "within must be a number of seconds, not String" => -> { one.detached_wait("sb", "id", within: "1") },
     "maxlen must be an Integer, not NilClass" => -> { one.open_file("sb", "/x").readpartial(nil) }}
      .each { |told, misuse| assert_equal told, assert_raises(TypeError, &misuse).message }
    error = assert_raises(AgentKernel::ValidationError) { one.write_file("sb", "/x", nil) }
    assert_equal "write_file: content is required", error.message
    error = assert_raises(AgentKernel::ValidationError) { one.run(["x"], timeout: -1) }
    assert_equal ["timeout: must be 0 or more seconds, or Float::INFINITY for none", "AK_E_ARGUMENT", :nothing],
                 [error.message, error.code, error.sent]
    assert_equal "no operation nil", assert_raises(ArgumentError) { one.call(nil) }.message
  end

  def test_values_that_cannot_be_right_are_told_before_anything_is_sent
    server = reply(OK)
    one = client(server.url)
    [-> { one.run([]) }, -> { one.run(["a\0b"]) }, -> { one.run(["\xFF"]) }, -> { one.get_sandbox("a/b") },
     -> { one.create_sandbox("x", vcpus: 2**70) }, -> { one.exec_in_sandbox("x", ["y"], workdir: "z") },
     -> { client("ftp://x") }, -> { client(server.url, max_idle: -(2**70)) }].each do |bad|
      error = assert_raises(AgentKernel::ValidationError, &bad)
      assert_equal "AK_E_ARGUMENT", error.code
    end
    assert_empty server.requests
  end

  def test_text_of_any_encoding
    server = reply(OK)
    client(server.url).run(["ä".encode("ISO-8859-1"), "ö".encode("UTF-16LE"), "ü".b, "é"])
    assert_equal %w[ä ö ü é], server.body(0)["command"]
  end

  def test_settings_and_the_environment
    server = reply(OK)
    ENV.update("AGENTKERNEL_BASE_URL" => server.url, "AGENTKERNEL_API_KEY" => "of-the-environment")
    AgentKernel::Client.new.run(["x"])
    AgentKernel::Client.new(api_key: "given", user_agent: "mine/1").run(["x"])
    headers = server.log["requests"].map { |request| request["headers"].to_h.transform_keys(&:downcase) }
    assert_equal(["Bearer of-the-environment", "Bearer given"], headers.map { |each| each["authorization"] })
    assert_includes headers[1]["user-agent"], "mine/1"
  ensure
    ENV.delete_if { |name, _| name.start_with?("AGENTKERNEL_") }
  end

  def test_the_key_is_shown_nowhere
    one = client(reply({success: false, error: "no"}, status: 401).url, api_key: "s3cret")
    refute_includes one.inspect, "s3cret"
    refute_includes assert_raises(AgentKernel::AuthError) { one.run(["x"]) }.full_message, "s3cret"
  end

  def test_records_are_frozen_values
    data = {name: "sb", status: "running", labels: {a: nil, b: "c"}, ports: ["80", nil], ip: nil, odd: [1],
            endpoints: [{container_port: 80}], memory_mb: (2**53) + 1}
    server = rules({times: "always", steps: [{reply: {text: JSON.generate(success: true, data:),
                                                      headers: {"Content-Type": "application/json"}}}]})
    one = client(server.url)
    found = one.get_sandbox("sb")
    again = one.get_sandbox("sb")
    assert_equal [[{"container_port" => 80}], (2**53) + 1], [found.endpoints, found.memory_mb]
    assert_equal [["80", nil], {"a" => nil, "b" => "c"}], [found.ports, found.labels]
    assert_equal [true, false, nil, nil], [found.key?(:ip), found.key?(:image), found.ip, found.image]
    assert_equal({"odd" => [1]}, found.extra)
    assert_equal [found, found.hash], [again, again.hash]
    [found, found.name, found.labels, found.ports, found.ports[0]].each { |value| assert_predicate value, :frozen? }
    assert_raises(FrozenError) { found.labels["x"] = "y" }
    assert_includes found.inspect, 'name="sb"'
    refute_includes found.inspect, "raw"
    assert_equal "running", (found in {name: "sb", status:}) && status
    assert_equal JSON.generate(data), found.raw
  end

  def test_the_deepest_json_that_the_library_takes
    bodies = [510, 511].map do |depth|
      %({"success":true,"data":{"name":"x","status":"y","lifecycle":#{'[' * depth}#{']' * depth}}})
    end
    server = rules(*bodies.map { |text| {steps: [{reply: {text:, headers: {"Content-Type": "application/json"}}}]} })
    one = client(server.url)
    assert_equal 510, one.get_sandbox("x").lifecycle.inspect.count("[")
    assert_raises(AgentKernel::ProtocolError) { one.get_sandbox("x") }
  end

  def test_general_calls
    server = reply({success: true, data: [SANDBOX[:data]] * 3})
    one = client(server.url)
    names = []
    assert_nil(one.call("list_sandboxes") { |record| names << record.name })
    assert_equal %w[sb sb sb], names
    assert_equal 3, one.call(:list_sandboxes).size
    assert_equal(7, catch(:out) { one.call(:list_sandboxes) { throw :out, 7 } })
  end

  def test_a_closed_client_says_so
    one = client(reply(OK).url)
    stream = one.run_stream(["x"])
    one.close
    one.close
    assert_predicate one, :closed?
    assert_equal "AK_E_STATE", assert_raises(AgentKernel::Error) { one.run(["x"]) }.code
    assert_raises(AgentKernel::Error) { one.base_url }
    assert_includes one.inspect, "closed"
    assert_raises(AgentKernel::ProtocolError) { stream.next } # its call continues
  end

  def test_raw_handles_that_are_emptied_or_of_another_kind
    raw = AgentKernel::Raw
    handle = raw.client_new
    call = raw.call_new(handle, raw::OP_HEALTH)
    assert_raises(TypeError) { raw.call_step(handle) }
    assert_raises(TypeError) { raw.call_step(nil) }
    assert_raises(TypeError) { raw.call_set_int(call, raw::KEY_TIMEOUT_MS, 1.5) }
    assert_raises(RangeError) { raw.call_set_int(call, raw::KEY_TIMEOUT_MS, 2**63) }
    assert_raises(RangeError) { raw.call_set_int(call, 2**31, 1) }
    assert_raises(TypeError) { raw::Call.new }
    raw.call_free(call)
    raw.call_free(call)
    assert_raises(IOError) { raw.call_step(call) }
    raw.client_free(handle)
    assert_raises(IOError) { raw.call_new(handle, raw::OP_HEALTH) }
  end

  def test_integers_beyond_a_double
    raw = AgentKernel::Raw
    handle = raw.client_new
    [(2**53) + 1, (2**62)].each do |number|
      raw.client_set_int(handle, raw::CLIENT_MAX_REPLY_BYTES, number)
      assert_equal number, raw.client_int(handle, raw::CLIENT_MAX_REPLY_BYTES)
    end
    raw.client_set_text(handle, raw::CLIENT_USER_AGENT, "x" * 5000)
    assert_equal "x" * 5000, raw.client_text(handle, raw::CLIENT_USER_AGENT)
    assert_equal :absent, raw.client_text(handle, raw::CLIENT_CA_FILE)
    assert_equal :absent, raw.constant("AK_NONSENSE")
  end
end
