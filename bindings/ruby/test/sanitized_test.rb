# frozen_string_literal: true

require_relative "ending/endings"

# The same tests with the extension and the library's sources under AddressSanitizer and UBSan.
class SanitizedTest < Kit::Test
  include Endings

  BINDING = File.join(Kit::TREE, "bindings/ruby")
  BUILD = File.join(Kit::TREE, "build/ruby-sanitized")
  SANITIZE = "-fsanitize=address,undefined"
  SOURCES = Dir.glob(["core/*/*.[ch]", "abi/**/*.[ch]", "bindings/ruby/ext/agentkernel/*.{c,rb}"], base: Kit::TREE)

  # Builds the extension in a folder, which precedes the tree in the load path.
  def self.make(folder)
    output, status = Open3.capture2e("make -s -j2", chdir: folder)
    raise output unless status.success?

    FileUtils.mkdir_p("#{folder}/lib/agentkernel")
    FileUtils.cp("#{folder}/agentkernel_raw.so", "#{folder}/lib/agentkernel")
    folder
  end

  def self.build
    made = "#{BUILD}/lib/agentkernel/agentkernel_raw.so"
    return BUILD if FileUtils.uptodate?(made, SOURCES.map { |path| File.join(Kit::TREE, path) })

    FileUtils.rm_rf(BUILD)
    FileUtils.mkdir_p(BUILD)
    output, status = Open3.capture2e(RbConfig.ruby, "#{BINDING}/ext/agentkernel/extconf.rb", "--enable-bundled",
                                     "--with-cflags=-O1 -g -fno-omit-frame-pointer #{SANITIZE}",
                                     "--with-ldflags=#{SANITIZE}", chdir: BUILD)
    raise output unless status.success?

    make(BUILD)
  end

  # The sanitizer's library is loaded first. Ruby is not built with it, and has its own signal handlers and stacks.
  PRELOAD = Open3.capture2(RbConfig::CONFIG["CC"].split.first, "-print-file-name=libasan.so").first.chomp
  OPTIONS = {"LD_PRELOAD" => PRELOAD, "UBSAN_OPTIONS" => "halt_on_error=1:print_stacktrace=1",
             "ASAN_OPTIONS" => "detect_leaks=0:detect_stack_use_after_return=0:handle_segv=0:use_sigaltstack=0"}.freeze

  def environment
    @folder ||= SanitizedTest.build
    OPTIONS.merge("RUBYLIB" => "#{BINDING}/lib:#{@folder}/lib")
  end

  # Without its warning about the stacks of fibers.
  def shown(output)
    output.gsub(/^==\d+==WARNING: ASan is ignoring .*\n.*\n.*\n/, "")
  end

  # The sanitizers detect faults: without these lines closed objects are freed again by the collector.
  BROKEN = %w[ak_ruby_call_free ak_ruby_client_free].to_h do |name|
    [name, /(VALUE #{name}\(.*?)    RTYPEDDATA_DATA\(object\) = NULL;/m]
  end.freeze

  BROKEN.each do |name, line|
    define_method("test_a_broken_#{name}_is_noticed") do
      Dir.mktmpdir do |folder|
        @folder = folder
        FileUtils.cp(Dir.glob("#{SanitizedTest.build}/{Makefile,*.o}"), folder)
        source = File.read("#{BINDING}/ext/agentkernel/agentkernel_wrap.c")
        File.write("#{folder}/agentkernel_wrap.c", source.sub!(line, '\\1') || flunk("the line is not there"))
        File.delete("#{folder}/agentkernel_wrap.o")
        SanitizedTest.make(folder)
        told = assert_raises(Minitest::Assertion) { ending(Endings::ORDERS) }
        assert_match(/ERROR: AddressSanitizer: (heap-use-after-free|attempting double-free)/, told.message)
      end
    end
  end
end
