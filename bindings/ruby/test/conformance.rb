# frozen_string_literal: true

require_relative "kit"
require "base64"
require "stringio"

# The shared conformance cases (tests/conformance), through the public interface. A case that fails is a Mismatch.
module Conformance
  class Mismatch < StandardError; end

  FOLDER = File.join(Kit::TREE, "tests/conformance")
  KNOWN = {
    file: %w[version cases],
    case: %w[id about shows client server client_error calls requests connections],
    call: %w[operation arguments records error],
    request: %w[method target headers json body],
    error: %w[code http_status exit_code retry_after_ms server_text output sent phase operation message_has
              message_lacks]
  }.freeze
  INTEGERS = %w[vcpus memory_mb size max_reply_bytes max_event_bytes max_idle].freeze
  JSONS = %w[network lifecycle body].freeze # in the format within {"json": ...}
  MISSING = %w[null absent].freeze
  # Operations whose content can be streamed, and the cases that cannot be expressed like that.
  STREAMED = %w[read_file write_file].freeze
  NOT_STREAMED = %w[write_file.no-content write_file.wrong-size].freeze

  module_function

  def check(good, what)
    good or raise Mismatch, what
  end

  def check_members(kind, value)
    unknown = value.keys - KNOWN.fetch(kind)
    check(unknown.empty?, "unknown members of a #{kind}: #{unknown}")
  end

  # The cases of a file, expanded; each is checked when it is run.
  def load(path)
    content = JSON.parse(File.read(path))
    check_members(:file, content)
    check(content["version"] == 1, "version #{content['version']}")
    content["cases"].map { |one| one.to_h { |name, value| [name, name == "server" ? value : expand(value)] } }
  end

  def expand(value)
    case value
    when Array then value.map { |entry| expand(entry) }
    when Hash
      return value["repeat"] * value["times"] if value.keys.sort == %w[repeat times]

      value.transform_values { |entry| expand(entry) }
    else value
    end
  end

  # ---- arguments

  def argument(name, value, places)
    return timeout(value) if name.end_with?("timeout_ms")

    case value
    when Array then value.map { |entry| argument(name, entry, places) }
    when Hash
      return value unless value.keys == ["base64"]

      octets(value).force_encoding(name == "content" ? Encoding::BINARY : Encoding::UTF_8)
    when String
      value = places.reduce(value) { |text, (place, with)| text.gsub(place, with) }
      INTEGERS.include?(name) ? Integer(value) : value
    else value
    end
  end

  # The format's representation of JSON.
  def json(name, value)
    check(value.is_a?(Hash) && value.keys == ["json"], "the argument #{name} is no JSON: #{value}")
    value["json"]
  end

  def timeout(value)
    case value
    when "none" then Float::INFINITY
    when "default" then nil
    else Integer(value) / 1000.0
    end
  end

  def keywords(operation, values, places)
    values.to_h do |name, value|
      key = name.end_with?("timeout_ms") ? name.delete_suffix("_ms") : name
      key = "timeout" if operation == "run_stream" && key == "total_timeout"
      [key.to_sym, JSONS.include?(name) ? json(name, value) : argument(name, value, places)]
    end
  end

  # ---- results

  def octets(value) = (value.is_a?(Hash) ? Base64.strict_decode64(value.fetch("base64")) : value).b
  def text(value) = octets(value).force_encoding(Encoding::UTF_8)

  def entry?(wanted, got)
    wanted.is_a?(Hash) ? JSON.parse(got) == wanted.fetch("json") : wanted == got
  end

  def field?(wanted, got, raw)
    return got.nil? if MISSING.include?(wanted)

    check(wanted.is_a?(Hash) && wanted.size == 1, "no value of a field: #{wanted}")
    kind, value = wanted.first
    case kind
    when "text" then got.is_a?(String) && got == value && (raw || got.encoding == Encoding::UTF_8)
    when "bytes" then got.is_a?(String) && got.encoding == Encoding::BINARY && got == octets(value)
    when "int" then got.is_a?(Integer) && got == Integer(value)
    when "bool" then [true, false].include?(got) && got == value
    when "list" then got.size == value.size && value.zip(got).all? { |pair| entry?(*pair) }
    when "map" then got.keys.sort == value.keys.sort && value.all? { |name, entry| entry?(entry, got[name]) }
    when "json" then (raw ? JSON.parse(got) : got) == value
    when "json_text" then got.b == octets(value)
    else raise Mismatch, "no type of a field: #{kind}"
    end
  end

  def check_error(wanted, got)
    check_members(:error, wanted)
    check(wanted.key?("code"), "an error without a code")
    check(got, "no error, wanted #{wanted}")
    wanted.each do |name, value|
      check(error_field?(name, value, got), "#{name} of #{got.inspect} #{got.http_status}, wanted #{value.inspect}")
    end
  end

  def error_field?(name, value, got)
    case name
    when "message_has" then value.all? { |part| got.message.include?(part) }
    when "message_lacks" then value.none? { |part| got.message.include?(part) }
    when "output" then value.nil? ? got.output.nil? : got.output == octets(value)
    when "server_text" then value.nil? ? got.server_text.nil? : got.server_text == text(value)
    when "retry_after_ms" then (got.retry_after && (got.retry_after * 1000).round) == value
    when "sent" then got.sent&.name == value
    else got.public_send(name) == value
    end
  end

  def check_call(call, records, error)
    call["error"] ? check_error(call["error"], error) : check(error.nil?, "#{error.inspect}, wanted none")
    return if records.nil? # records before an error are not returned

    check(records.size == call["records"].size, "#{records.size} records, wanted #{call['records'].size}: #{records}")
    records.zip(call["records"]) do |record, wanted|
      wanted.each do |name, value|
        # health is a text, and a streamed file its content
        next if record.is_a?(String) && name != (call["operation"] == "health" ? "status" : "content")

        got = record.is_a?(String) ? record : record.public_send(name)
        check(field?(value, got, name == "raw"), "#{name} is #{got.inspect}, wanted #{value.inspect}")
      end
    end
  end

  def check_request(wanted, got)
    check_members(:request, wanted)
    check([nil, got["method"]].include?(wanted["method"]), "method #{got['method']}: #{wanted}")
    check([nil, escapes(got["target"])].include?(escapes(wanted["target"])), "target #{got['target']}: #{wanted}")
    (wanted["headers"] || {}).each { |name, value| check_header(name, value, got["headers"]) }
    body = Base64.strict_decode64(got["body"])
    if wanted.key?("json")
      check(JSON.parse(body) == wanted["json"], "body #{body.inspect}, wanted #{wanted['json'].inspect}")
    end
    check(body == octets(wanted["body"]), "body #{body.inspect}, wanted #{wanted['body']}") if wanted.key?("body")
  end

  # Some versions of libcurl change the case of escapes.
  def escapes(target) = target&.gsub(/%\h\h/, &:upcase)

  def check_header(name, value, headers)
    found = headers.select { |key, _| key.casecmp?(name) }.map(&:last)
    good = case value
           when nil then found.empty?
           when Hash then value.keys == ["contains"] && found.size == 1 && found[0].include?(value["contains"])
           else found == [value]
           end
    check(good, "header #{name}: #{found}, wanted #{value.inspect}")
  end

  # ---- ways to call: each returns the records (nil: not returned by the method) and the error

  # The method of the operation.
  def by_method(client, operation, arguments)
    arguments = arguments.dup
    required = client.method(operation).parameters.filter_map { |kind, name| name if kind == :req }
    positional = required.map { |name| arguments.delete(name) } # nil is absent, which the library refuses
    records = operation == "run_stream" ? [] : nil
    result = client.public_send(operation, *positional, **arguments) { |event| records << event }
    [records || [result].flatten(1).compact, nil]
  rescue AgentKernel::Error => e
    [records, e]
  end

  # By the general method.
  def by_name(client, operation, arguments)
    records = []
    client.call(operation, **arguments) { |record| records << record }
    [records, nil]
  rescue AgentKernel::Error => e
    [records, e]
  end

  # Files piece by piece; everything else by name.
  def by_piece(client, operation, arguments)
    return by_name(client, operation, arguments) unless STREAMED.include?(operation)

    arguments = arguments.dup
    name, path, content = %i[name path content].map { |key| arguments.delete(key) }
    return [[client.open_file(name, path, **arguments, &:read)], nil] if operation == "read_file"

    client.write_file(name, path, StringIO.new(content), size: content.bytesize, **arguments)
    [[], nil]
  rescue AgentKernel::Error => e
    [[], e]
  end

  # Whether a case has content that can be streamed.
  def streamed?(one)
    !NOT_STREAMED.include?(one["id"]) && one["calls"].any? { |call| STREAMED.include?(call["operation"]) }
  end

  # ---- a case

  def run(one, way, patience: Kit::PATIENCE)
    check_members(:case, one)
    check((%w[id about server calls requests] - one.keys).empty?, "a case that lacks members")
    server = Kit::Fault.new(one["server"])
    places = server.answer.to_h { |name, value| ["$#{name.upcase}", value.to_s] }
    run_calls(one, way, places)
    server.await("complete", one["requests"].size, patience:) unless one["requests"].empty?
    check_log(one, server.log)
  ensure
    server&.stop
  end

  def run_calls(one, way, places)
    settings = keywords(nil, {"base_url" => "$URL"}.merge(one["client"] || {}), places)
    begin
      client = AgentKernel::Client.new(**settings)
    rescue AgentKernel::Error => e
      check(one["client_error"], "#{e.inspect} of the client")
      check_error(one["client_error"], e)
      return check(one["calls"].empty?, "calls without a client")
    end
    check(!one.key?("client_error"), "no error of the client, wanted #{one['client_error']}")
    one["calls"].each do |call|
      check_members(:call, call)
      # Invalid streamed content is detected while it is received.
      if way == :by_piece && call.dig("error", "phase") == "decode"
        call = call.merge("error" => call["error"].except("phase"))
      end
      arguments = keywords(call["operation"], call["arguments"] || {}, places)
      check_call(call, *method(way).call(client, call["operation"], arguments))
    end
  ensure
    client&.close
  end

  def check_log(one, log)
    check(log["requests"].size == one["requests"].size, "#{log['requests'].size} requests: #{log['requests']}")
    one["requests"].zip(log["requests"]) { |wanted, got| check_request(wanted, got) }
    return unless one.key?("connections")

    check(log["connections"].size == one["connections"], "#{log['connections'].size} connections")
  end
end
