# frozen_string_literal: true

require_relative "kit"

# The gem builds from the tree and installs without the tree and without libagentkernel.
class PackagingTest < Kit::Test
  GEM = File.expand_path("..", __dir__)

  def command(*command, **options)
    output, status = Open3.capture2e({"RUBYLIB" => nil, "PKG_CONFIG_PATH" => nil, "LD_LIBRARY_PATH" => nil},
                                     *command, **options)
    assert_predicate status, :success?, output
    output
  end

  def test_build_and_install
    Dir.mktmpdir do |folder|
      command("gem", "build", "--strict", "-o", "#{folder}/agentkernel.gem", "agentkernel.gemspec", chdir: GEM)
      command("gem", "install", "--local", "--no-document", "-i", "#{folder}/home", "#{folder}/agentkernel.gem", "--",
              "--enable-bundled", chdir: folder)
      installed = Dir.glob("#{folder}/home/gems/agentkernel-*")[0]
      %w[LICENSE README.md lib/agentkernel.rb lib/agentkernel/generated/types.rb sig/agentkernel.rbs sig/generated.rbs
         ext/agentkernel/native/core/call/call.c].each do |path|
        assert_path_exists File.join(installed, path)
      end
      code = 'require "agentkernel"; puts AgentKernel::Client.new(base_url: "local:").run(["echo", "hello"]).text'
      env = {"RUBYLIB" => nil, "GEM_PATH" => "#{folder}/home",
             "AGENTKERNEL_LOCAL" => Kit.program("AK_LOCAL_SERVER", "agentkernel-local")}
      output, status = Open3.capture2e(env, RbConfig.ruby, "-e", code, chdir: folder)
      assert_equal ["hello\n", true], [output, status.success?]
      check_exports(Dir.glob("#{installed}/lib/**/*.so")[0])
    end
  end

  # Only the module's entry point, so that it cannot conflict with a libagentkernel in the process.
  def check_exports(path)
    symbols = command("nm", "-D", "--defined-only", path).lines.map { |line| line.split.last }
    assert_equal ["Init_agentkernel_raw"], symbols
    refute_includes command("ldd", path), "libagentkernel"
  end
end
