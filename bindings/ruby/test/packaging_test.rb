# frozen_string_literal: true

require_relative "kit"
require "rubygems/package"

# The gems install and run without the tree and without libagentkernel; Bundler can use a checkout.
class PackagingTest < Kit::Test
  GEM = File.expand_path("..", __dir__)
  CLEAN = {"RUBYLIB" => nil, "PKG_CONFIG_PATH" => nil, "LD_LIBRARY_PATH" => nil, "AGENTKERNEL_LOCAL" => nil}.freeze
  VERSION = RUBY_VERSION[/\A\d+\.\d+/]
  RUN = 'require "agentkernel"; puts AgentKernel::Client.new(base_url: "local:").run(["echo", "hello"]).text; '
  MAPPED = 'puts File.read("/proc/self/maps").scan(%r{/\S+\.so\S*}).uniq'

  def command(*command, env: {}, fails: false, **options)
    output, status = Open3.capture2e(CLEAN.merge(env), *command, **options)
    assert_equal !fails, status.success?, output
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
      env = {"GEM_PATH" => "#{folder}/home",
             "AGENTKERNEL_LOCAL" => Kit.program("AK_LOCAL_SERVER", "agentkernel-local")}
      assert_equal "hello\n", command(RbConfig.ruby, "-e", RUN, env:, chdir: folder)
      check_exports(Dir.glob("#{installed}/lib/**/*.so")[0])
    end
  end

  # Only the module's entry point, so that it cannot conflict with a libagentkernel in the process.
  def check_exports(path)
    symbols = command("nm", "-D", "--defined-only", path).lines.map { |line| line.split.last }
    assert_equal ["Init_agentkernel_raw"], symbols
    refute_includes command("ldd", path), "libagentkernel"
  end

  # A version of Ruby after this one, or before it.
  def version(further) = VERSION.sub(/\d+\z/) { |minor| (minor.to_i + further).to_s }

  # The headers of this Ruby, as if they were also those of the version after the next one.
  def rubies(folder)
    [VERSION, version(2)].each do |version|
      FileUtils.mkdir_p("#{folder}/#{version}")
      %w[rubyhdrdir rubyarchhdrdir].each do |name|
        FileUtils.cp_r("#{RbConfig::CONFIG.fetch(name)}/.", "#{folder}/#{version}")
      end
    end
    folder
  end

  # What is packed for this machine, by file name.
  def pack(folder, umask)
    env = {"AK_RUBY_HEADERS" => rubies("#{folder}/headers")}
    target = "#{RbConfig::CONFIG.fetch('host_cpu')}-linux-gnu"
    command("#{GEM}/dev", "dist", ENV.fetch("AK_NATIVE"), "#{folder}/out", target, env:, umask:)
    Dir.glob("#{folder}/out/*.gem").to_h { |path| [File.basename(path), File.binread(path)] }
  end

  def test_gem_for_this_platform
    skip "AK_NATIVE names no folder of native parts" unless ENV["AK_NATIVE"]
    Dir.mktmpdir do |folder|
      packed = pack(folder, 0o022)
      assert_equal packed, pack("#{folder}/again", 0o077)
      assert_equal 2, packed.size
      path = "#{folder}/out/#{packed.keys.find { |name| name.include?('linux') }}"
      check_specification(Gem::Package.new(path).spec)
      command("gem", "install", "--local", "--no-document", "-i", "#{folder}/home", path, chdir: folder)
      env = {"GEM_HOME" => "#{folder}/home", "GEM_PATH" => "#{folder}/home"}
      check_mapped(command(RbConfig.ruby, "-e", RUN + MAPPED, env:, chdir: folder).lines(chomp: true), folder)
      assert_equal "Checking gems...", command("gem", "check", "agentkernel", env:).strip
    end
  end

  def check_specification(spec)
    assert_empty spec.extensions
    assert_equal "#{RbConfig::CONFIG.fetch('host_cpu')}-linux", spec.platform.to_s
    rubies = [RUBY_VERSION, "#{version(2)}.0", "#{version(1)}.0", "#{version(1)}.12", "#{version(3)}.0"]
    served = rubies.map { |version| spec.required_ruby_version.satisfied_by?(Gem::Version.new(version)) }
    assert_equal [true, true, false, false, false], served
  end

  # The library is the gem's own copy, and nothing that it contains comes from the system as well.
  def check_mapped(lines, folder)
    assert_equal "hello", lines[0]
    assert_equal 2, lines.grep(/agentkernel/).size, lines.inspect
    lines.grep(/agentkernel/).each { |path| assert path.start_with?("#{folder}/home/"), path }
    assert_empty lines.grep(/curl|cjson/i)
  end

  def checkout(folder)
    paths = %w[core abi] + %w[lib ext sig README.md Rakefile agentkernel.gemspec].map { |name| "bindings/ruby/#{name}" }
    paths.each do |path|
      FileUtils.mkdir_p(File.dirname("#{folder}/#{path}"))
      FileUtils.cp_r(File.join(Kit::TREE, path), "#{folder}/#{path}")
    end
    FileUtils.rm_rf(Dir.glob("#{folder}/bindings/ruby/{lib/agentkernel/[0-9]*,ext/agentkernel/native}"))
    "#{folder}/bindings/ruby"
  end

  # Bundler does not compile a gem of `path:`, and the error says what does. Its use leaves the checkout as it was.
  def test_bundler_path
    Dir.mktmpdir do |folder|
      ruby = checkout("#{folder}/tree")
      File.write("#{folder}/Gemfile", %(source "https://rubygems.org"\ngem "agentkernel", path: "#{ruby}"\n))
      env = {"BUNDLE_GEMFILE" => "#{folder}/Gemfile", "LD_LIBRARY_PATH" => File.join(Kit::TREE, "build/lib"),
             "AGENTKERNEL_LOCAL" => Kit.program("AK_LOCAL_SERVER", "agentkernel-local")}
      run = [RbConfig.ruby, "-rbundler/setup", "-e", RUN]
      assert_includes command(*run, env:, fails: true), "Run `rake compile` in #{ruby}"
      refute_path_exists "#{ruby}/ext/agentkernel/native"
      command("rake", "compile", env: {"PKG_CONFIG_PATH" => File.join(Kit::TREE, "build/pkgconfig")}, chdir: ruby)
      assert_path_exists "#{ruby}/lib/agentkernel/#{VERSION}/agentkernel_raw.so"
      assert_equal "hello\n", command(*run, env:)
    end
  end
end
