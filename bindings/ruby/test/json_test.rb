# frozen_string_literal: true

require_relative "kit"

# Arbitrary JSON, which Ruby's parser reads: the same with any version of it.
class JsonTest < Kit::Test
  # JSON that the library accepts, and its value. Versions of the parser differ in all of these.
  ODD = {'"x\ud800y"' => "x\uFFFDy",
         '"x\udc00y"' => "x\uFFFDy",
         '"\ud800\ud83d\ude00"' => "\uFFFD\u{1F600}",
         '"\ude00\ud83d"' => "\uFFFD\uFFFD",
         '"\uD800\u0041\uDFFF"' => "\uFFFDA\uFFFD",
         '"\ud800\n"' => "\uFFFD\n",
         '"\\\\ud800 \\\\\ud83d\ude00"' => "\\ud800 \\\u{1F600}",
         '"\\\\\\\\ud800 \\\\\\ud800"' => "\\\\ud800 \\\uFFFD",
         "\"\xFF \xED\xA0\x80 ü\"" => "\uFFFD \uFFFD\uFFFD\uFFFD ü",
         '{"\ud800": {"\udfff": ["\ud83d\ude00"]}}' => {"\uFFFD" => {"\uFFFD" => ["\u{1F600}"]}},
         '{"a": 1, "a": 2}' => {"a" => 2},
         '[{"json_class": "String", "^o": "Object"}]' => [{"json_class" => "String", "^o" => "Object"}],
         '{"a": 1e400, "b": -0, "c": 1E5}' => {"a" => Float::INFINITY, "b" => 0, "c" => 100_000.0},
         ("9" * 5000) => ("9" * 5000).to_i}.freeze

  def serve(text, **more)
    rules({times: "always", steps: [{reply: {bytes: [text].pack("m0"), **more}}]})
  end

  def record(json)
    %({"success":true,"data":{"name":"sb","status":"running","lifecycle":#{json},"odd":#{json}}})
  end

  ODD.each_with_index do |(json, wanted), index|
    define_method("test_a_field_#{index}") do
      found = client(serve(record(json)).url).get_sandbox("sb")
      assert_equal [wanted, {"odd" => wanted}], [found.lifecycle, found.extra]
      assert_equal %w[sb running], [found.name, found.status]
      assert_includes found.raw.b, json.b
      assert_predicate found.lifecycle, :frozen?
    end

    define_method("test_a_payload_and_a_body_#{index}") do
      whole = %({"x":#{json}})
      events = "event: odd\ndata: #{whole}\n\nevent: done\ndata: {\"exit_code\":0,\"success\":true}\n\n"
      event, = client(serve(events, headers: {"Content-Type": "text/event-stream"}).url).run_stream(["x"]).to_a
      assert_equal [{"x" => wanted}, whole.b], [event.payload, event.raw.b]
      assert_equal({"x" => wanted}, client(serve(whole).url).request("GET", "/x").json)
    end
  end

  # The newest versions take options only as keywords.
  def test_options_are_keywords
    code = <<~RUBY
      require "agentkernel"
      require "json"
      JSON.singleton_class.prepend(Module.new { def parse(source, **options) = super })
      found = AgentKernel::Client.new(base_url: ARGV[0]).get_sandbox("sb")
      print found.lifecycle, found.extra["odd"]
    RUBY
    assert_equal "[1][1]", ruby(code, serve(record("[1]")).url)
  end

  # Without what the library does not need: a program that has no JSON does not load the parser.
  def test_the_parser_is_loaded_when_it_is_needed
    code = <<~RUBY
      require "agentkernel"
      one = AgentKernel::Client.new(base_url: ARGV[0])
      result = one.run(["x"])
      print defined?(JSON).inspect, result.to_json, defined?(JSON)
    RUBY
    assert_equal %(nil{"output":"hello\\n","exit_code":0}constant), ruby(code, reply(OK).url)
  end

  def test_a_record_is_an_object
    data = {output: "x", output_base64: ["h\xC3\xA4\xFF\0"].pack("m0")}
    result = client(reply({success: true, data:}).url).run(["x"])
    object = {"output" => "hä\uFFFD\0", "exit_code" => 0}
    assert_equal object, JSON.parse(result.to_json)
    assert_equal object.transform_keys(&:to_sym), result.as_json(only: "anything")
    assert_equal "h\xC3\xA4\xFF\0".b, result.to_h[:output]
  end

  def test_records_within_others
    found = client(serve(record(%({"a":[1,null,"\\ud800"]}))).url).get_sandbox("sb")
    object = {"name" => "sb", "status" => "running", "lifecycle" => {"a" => [1, nil, "\uFFFD"]}}
    [JSON.generate({x: [found]}), {x: [found]}.to_json, JSON.pretty_generate({x: [found]})].each do |json|
      assert_equal({"x" => [object]}, JSON.parse(json))
    end
    assert_equal "{\n", JSON.pretty_generate(found).lines[0]
  end

  # Encoding the user's values depends on the version of json; a value that it refuses is a wrong argument.
  def test_what_cannot_be_json
    one = client(hanging.url)
    deep = (1..600).reduce(1) { |inner, _| [inner] }
    [Float::NAN, "\xFF", deep].each { |body| assert_raises(ArgumentError) { one.request("POST", "/x", body: [body]) } }
  end
end
