# frozen_string_literal: true

require_relative "kit"
require "rbs"
require "rbs/cli"
require "stringio"

# What tools/generate writes for an operation and a record that do not exist needs no code by hand.
class GeneratedTest < Kit::Test
  GENERATE = <<~PYTHON
    import pathlib
    import sys

    source, tree = map(pathlib.Path, sys.argv[1:])
    sys.path.insert(0, str(source / "tools"))
    from generator import ruby
    from generator.schema import load

    for path, text in ruby.generate(load(tree), tree).items():
        path.write_text(text)
  PYTHON
  RECORD = {name: "tiny_widget", about: "A widget.", names: {c: "ak_widget"}, fields: [
    {key: "name", required: true}, {key: "labels"}, {key: "ports"}, {key: "vcpus"}, {key: "fast"},
    {key: "output", exact: "output_base64"}, {key: "lifecycle"}, {key: "raw", type: "json", required: true}
  ]}.freeze
  NAME = {key: "name", in: "path", required: true, rule: "name"}.freeze
  REQUIRED = %w[vcpus ports commands files body sudo description image backend].freeze
  OPTIONAL = %w[labels env memory_mb fast network].freeze
  ABOUT = {about: "Does something.", since: "9.9.9", timeouts: "unary"}.freeze
  OPERATIONS = [
    {id: 901, name: "build_widget", route: "POST /sandboxes/{name}/exec/widget", yields: "one", record: "tiny_widget",
     parameters: [NAME, *REQUIRED.map { |key| {key:, in: "body", required: true} },
                  *OPTIONAL.map { |key| {key:, in: "body"} }]},
    {id: 902, name: "list_widgets", route: "GET /widgets", yields: "list", record: "tiny_widget", parameters: []},
    {id: 903, name: "show_widget", route: "GET /widgets/{name}", yields: "text", record: "tiny_widget",
     parameters: [NAME]},
    {id: 904, name: "drop_widgets", route: "DELETE /widgets", yields: "nothing", parameters: []}
  ].map { |operation| operation.merge(ABOUT) }.freeze
  # Prints their methods, and the error of a library without them.
  SHOW = <<~RUBY
    require "agentkernel"

    [AgentKernel::Client, AgentKernel::SandboxSession].each do |type|
      (type.public_instance_methods(false).grep(/widget/)).each do |name|
        puts type.instance_method(name).parameters.map { |_, parameter| parameter }.prepend(name).join(" ")
      end
    end
    puts AgentKernel::TinyWidget.public_instance_methods(false).sort.join(" ")
    puts AgentKernel::TinyWidget.new({name: "x"}).name
    begin
      AgentKernel::Client.new.list_widgets(timeout: 1)
    rescue NotImplementedError => e
      puts e.message
    end
  RUBY
  SHOWN = <<~TEXT.freeze
    build_widget name #{REQUIRED.join(' ')} options
    list_widgets options
    show_widget name options
    drop_widgets options
    build_widget #{REQUIRED.join(' ')} options
    fast labels lifecycle name output ports vcpus
    x
    this libagentkernel has no operation list_widgets
  TEXT

  def setup
    @tree = Dir.mktmpdir
    @binding = "#{@tree}/bindings/ruby"
    FileUtils.mkdir_p(@binding)
    FileUtils.cp_r(File.join(Kit::TREE, "abi"), @tree)
    %w[lib sig .rubocop.yml].each { |name| FileUtils.cp_r(File.join(Kit::TREE, "bindings/ruby", name), @binding) }
    grow("#{@tree}/abi/schema/operations.json")
    output, status = Open3.capture2e("python3", "-B", "-c", GENERATE, Kit::TREE, @tree)
    assert_predicate status, :success?, output
  end

  def teardown
    FileUtils.rm_rf(@tree)
    super
  end

  def grow(path)
    schema = JSON.parse(File.read(path))
    schema["records"] << RECORD
    schema["operations"].concat(OPERATIONS)
    File.write(path, JSON.generate(schema))
  end

  def test_it_runs
    methods = SHOWN.lines.sort
    found = ruby(SHOW, env: {"RUBYLIB" => "#{@binding}/lib:#{ENV.fetch('RUBYLIB')}"})
    assert_equal methods, found.lines.sort
  end

  def test_the_linter_accepts_it
    version, = Open3.capture2("rubocop", "--version")
    skip "versions of rubocop disagree, and 1.39 decides" unless version.start_with?("1.39.")
    output, status = Open3.capture2e("rubocop", "lib/agentkernel/generated", chdir: @binding)
    assert_predicate status, :success?, output
  end

  def test_the_signatures_are_valid
    RBS::CLI.new(stdout: StringIO.new, stderr: StringIO.new).run(["-I", "#{@binding}/sig", "validate", "--silent"])
    signatures = File.read("#{@binding}/sig/generated.rbs")
    assert_includes signatures, "def list_widgets: (?timeout: seconds?, ?connect_timeout: seconds?) -> Array[Tiny"
    assert_includes signatures, "    def ports: () -> Array[String?]?\n"
    assert_empty(signatures.lines.select { |line| line.chomp.size > 120 })
  end
end
