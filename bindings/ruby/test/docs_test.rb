# frozen_string_literal: true

require_relative "kit"

# Every Ruby snippet of the documentation and every example is run unchanged, with its types checked.
class DocsTest < Kit::Test
  DOCUMENTS = %w[README.md bindings/ruby/README.md].push(*Dir.glob("docs/**/*.md", base: Kit::TREE)).freeze
  SIGNATURES = File.join(Kit::TREE, "bindings/ruby/sig")
  # RBS wraps the methods, and raises when an argument or a result does not match the signature.
  CHECKED = {"RUBYOPT" => "-rrbs/test/setup", "RBS_TEST_TARGET" => "AgentKernel::*", "RBS_TEST_RAISE" => "true",
             "RBS_TEST_OPT" => "-I #{SIGNATURES}", "RBS_TEST_LOGLEVEL" => "error"}.freeze

  def run_snippet(code)
    script = "load ARGV[0]"
    file = File.join(Dir.mktmpdir, "snippet.rb")
    File.write(file, code)
    CHECKED.merge("AGENTKERNEL_BASE_URL" => Kit.local_url,
                  "AGENTKERNEL_LOCAL" => Kit.program("AK_LOCAL_SERVER", "agentkernel-local"))
           .then { |env| ruby(script, file, env:) }
  ensure
    FileUtils.rm_rf(File.dirname(file))
  end

  DOCUMENTS.each do |path|
    File.read(File.join(Kit::TREE, path)).scan(/^```ruby\n(.*?)^```/m).each_with_index do |(code), index|
      define_method("test_#{path}_#{index}") do
        wanted = code.scan(/^ *(?:puts|print).* # (.+)$/).flatten.flat_map { |text| text.split(", ") }
        output = run_snippet(code)
        wanted.each { |text| assert_includes output.lines.map(&:chomp), text }
      end
    end
  end

  def test_snippets_are_there
    assert_operator public_methods.grep(/\Atest_bindings/).size, :>=, 10
  end

  def test_a_wrong_type_is_noticed
    told = assert_raises(Minitest::Assertion) do
      run_snippet("require 'agentkernel'\nAgentKernel::Client.new.run(['true'], timeout: 1, image: 5)")
    end
    assert_includes told.message, "RBS"
  end

  def test_examples
    env = {"AGENTKERNEL_BASE_URL" => Kit.local_url}
    folder = File.join(Kit::TREE, "examples/ruby")
    assert_includes ruby("load ARGV[0]", "#{folder}/demo.rb", env:), "kept\nno luck\n(AK_E_COMMAND, exit code 3)\n"
    code = "begin; load ARGV.shift; rescue SystemExit => e; print e.status; end"
    assert_equal "one\n3", ruby(code, "#{folder}/run.rb", "sh", "-c", "echo one; exit 3", env:)
    env = {"AGENTKERNEL_BASE_URL" => fault(listen: "refuse").url}
    assert_match(/AK_E_CONNECT.*125\z/m, ruby(code, "#{folder}/run.rb", "true", env:))
  end
end
