# frozen_string_literal: true

require_relative "kit"
require "rbs"
require "rbs/cli"
require "stringio"

# The RBS signatures are valid, and match the library and the classes. (The tests of the documentation check types.)
class SignatureTest < Kit::Test
  FOLDER = File.expand_path("../sig", __dir__)
  Raw = AgentKernel::Raw

  def environment
    loader = RBS::EnvironmentLoader.new
    loader.add(path: Pathname(FOLDER))
    RBS::Environment.from_loader(loader).resolve_type_names
  end

  def definitions
    builder = RBS::DefinitionBuilder.new(env: environment)
    ->(name) { builder.build_instance(RBS::TypeName.new(name:, namespace: RBS::Namespace.parse("::AgentKernel"))) }
  end

  def test_they_are_valid
    RBS::CLI.new(stdout: StringIO.new, stderr: StringIO.new).run(["-I", FOLDER, "validate", "--silent"])
    pass # it raises otherwise
  end

  def test_every_class_and_method_is_there
    built = definitions
    classes = AgentKernel.constants.map { |name| AgentKernel.const_get(name) }.grep(Class)
    assert_operator classes.size, :>, 20
    classes.each do |type|
      own = built.call(type.name.split("::").last.to_sym).methods.select do |_, method|
        method.defined_in&.name == type_name(type)
      end
      inherited = type == AgentKernel::Client ? %i[prepare finish] : [] # for the library's own use
      assert_equal (type.public_instance_methods(false) - inherited).sort, public_names(own), type
    end
  end

  def type_name(type) = type.name.split("::").last.to_sym

  def public_names(methods)
    methods.select { |name, method| method.public? && name != :initialize }.keys.sort
  end

  def test_keywords_are_those_of_the_library
    client = definitions.call(:Client)
    AgentKernel.const_get(:OPERATIONS).each do |name, operation|
      types = client.methods.fetch(name).method_types
      types += client.methods.fetch(:sandbox).method_types if name == :create_sandbox
      types.each do |type|
        found = type.type.optional_keywords.keys + type.type.required_positionals.map(&:name)
        assert_equal operation.parameters.keys.sort, found.sort, name
      end
    end
    settings = AgentKernel::Client.const_get(:SETTINGS).keys
    assert_equal settings.sort, client.methods.fetch(:initialize).method_types[0].type.optional_keywords.keys.sort
  end
end
