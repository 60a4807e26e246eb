# frozen_string_literal: true

require_relative "kit"

# What the library can do, read from its table, is here: operations, parameters, fields, settings, and codes of errors.
class ParityTest < Kit::Test
  Raw = AgentKernel::Raw

  def self.numbers(query, *first)
    (0..).lazy.map { |index| Raw.public_send(query, *first, index) }.take_while(&:positive?).to_a
  end

  OPERATIONS = numbers(:operation_at).to_h { |number| [Raw.operation_name(number).to_sym, number] }
  CONSTANTS = File.readlines(File.join(Kit::TREE, "abi/symbols.txt")).filter_map do |line|
    name, number, = line.split
    [name, Integer(number)] if name&.start_with?("AK_") && number != "-"
  end.to_h
  VALUES = {Raw::TYPE_TEXT => "x", Raw::TYPE_INT => 1, Raw::TYPE_BOOL => true, Raw::TYPE_LIST => ["A=x"],
            Raw::TYPE_MAP => {"a" => "b"}, Raw::TYPE_JSON => {"a" => 1}, Raw::TYPE_BYTES => "x",
            Raw::TYPE_LISTS => [["x"]]}.freeze
  # Where the type alone does not say what is right.
  PARTICULAR = {workdir: "/x", path: "/x", files: {"/x" => "x"}, profile: "moderate", method: "GET", by: "90m",
                stream: "stdout", uuid: "00000000-0000-4000-8000-000000000001", ports: ["80:80"]}.freeze
  # Ruby asks for what the library can also be given by piece.
  BY_PIECE = %i[content].freeze

  def self.value(number, key)
    PARTICULAR.fetch(keyword(Raw.key_name(key))) { VALUES.fetch(Raw.parameter_type(number, key)) }
  end

  # The name of a parameter in Ruby.
  def self.keyword(name)
    return :timeout if name == "total_timeout_ms"

    (name.end_with?("timeout_ms") ? name.delete_suffix("_ms") : name).to_sym
  end

  OPERATIONS.each do |name, number|
    # Each parameter is bound, one after the other, by the operation's own method; only the server's answer fails.
    define_method("test_parameters_of_#{name}") do
      method = AgentKernel::Client.instance_method(name)
      required = method.parameters.filter_map { |kind, parameter| parameter if kind == :req }
      keys = ParityTest.numbers(:parameter_at, number)
      by_keyword = keys.to_h { |key| [ParityTest.keyword(Raw.key_name(key)), key] }
      one = client(reply(OK).url)
      keys.each do |key|
        keyword = ParityTest.keyword(Raw.key_name(key))
        next if required.include?(keyword)

        value = ParityTest.value(number, key)
        positional = required.map { |parameter| ParityTest.value(number, by_keyword.fetch(parameter)) }
        begin
          found = one.public_send(name, *positional, keyword => value)
          found.to_a if name == :run_stream
        rescue AgentKernel::ProtocolError
          pass # the answer is not this operation's
        rescue AgentKernel::ValidationError => e
          assert_includes %i[volumes secrets source_ref], keyword, e.message # known, and checked
        end
      end
      wanted = keys.select { |key| Raw.parameter_flags(number, key).anybits?(Raw::KEY_REQUIRED) }
      assert_equal wanted.map { |key| ParityTest.keyword(Raw.key_name(key)) }.sort, (required - BY_PIECE).sort
    end

    define_method("test_fields_of_#{name}") do
      record = AgentKernel.const_get(:OPERATIONS)[name].record
      ParityTest.numbers(:field_at, number).each do |key|
        assert_includes record.public_instance_methods, Raw.key_name(key).to_sym
      end
    end
  end

  def test_settings
    settings = CONSTANTS.keys.grep(/\AAK_CLIENT_/).map do |name|
      name[10..].downcase.sub(/timeout_ms$/, "timeout").to_sym
    end
    known = %i[TEXTS TIMEOUTS NUMBERS].flat_map { |list| AgentKernel::Client.const_get(list) }
    assert_equal settings.sort, known.sort
  end

  def test_every_code_of_an_error_has_been_thought_about
    plain = %w[AK_E_STATE AK_E_MEMORY AK_E_BUFFER]
    assert_equal CONSTANTS.keys.grep(/\AAK_E_/).sort, (AgentKernel.const_get(:CLASSES).keys + plain).sort
  end

  def test_every_field_of_an_error
    CONSTANTS.keys.grep(/\AAK_ERROR_/).each do |name|
      assert_includes AgentKernel::Error.public_instance_methods, name[9..].downcase.delete_suffix("_ms").to_sym
    end
  end

  def test_constants_of_the_raw_layer
    CONSTANTS.each { |name, number| assert_equal number, Raw.const_get(name.delete_prefix("AK_")), name }
  end

  def test_version
    header = File.read(File.join(Kit::TREE, "abi/include/agentkernel.h"))[/define AK_VERSION (\d+)/, 1].to_i
    assert_equal(header, AgentKernel::VERSION.split(".").map(&:to_i).reduce { |sum, part| (sum * 1000) + part })
    assert_equal header, Raw.version
  end

  # The generated layer is what SWIG makes of the header as it stands.
  def test_the_raw_layer_is_what_swig_makes
    output, status = Open3.capture2e(File.join(Kit::TREE, "swig/generate"), "--check", "ruby")
    assert_predicate status, :success?, output
  end
end
