# frozen_string_literal: true

# Builds the extension against the libagentkernel that pkg-config finds. Where it is not installed, or with
# --enable-bundled, the library's own sources are compiled in: the gem's copies in native/, else the tree's.

require "mkmf"

PACKAGES = "pkg-config libcurl4-openssl-dev libcjson-dev"

def found?(package, version)
  system("pkg-config", "--exists", "#{package} >= #{version}", err: File::NULL)
end

def need(package, version)
  return if found?(package, version) && pkg_config(package)

  abort "agentkernel: #{package} #{version} or newer is needed (Debian: apt install #{PACKAGES})"
end

def bundle(root)
  header = File.read(File.join(root, "abi/include/agentkernel.h"))
  number = header[/#define AK_VERSION (\d+)/, 1].to_i
  version = [number / 1_000_000, number / 1000 % 1000, number % 1000].join(".")
  need("libcurl", "7.88")
  need("libcjson", "1.7")
  rooms = Dir.glob(File.join(root, "core/*/"))
  $srcs = ["agentkernel_wrap.c", "abi.c", *rooms.flat_map { |room| Dir.children(room).grep(/\.c\z/).sort }]
  $VPATH.push(*rooms, File.join(root, "abi"))
  $INCFLAGS << [*rooms, File.join(root, "abi/include")].map { |folder| " -I#{folder}" }.join
  $defs << "-D_GNU_SOURCE" << %(-DAK_VERSION_TEXT=\\"#{version}\\")
  $CFLAGS << " -std=gnu11 -fvisibility=hidden -fno-strict-aliasing -pthread"
  # Only the module's entry point is visible, so that this copy cannot conflict with a libagentkernel in the process.
  $DLDFLAGS << " -Wl,--version-script=#{File.join(__dir__, 'exports.map')} -pthread"
  have_library("dl")
end

if !enable_config("bundled", false) && found?("agentkernel", "0.1.0")
  pkg_config("agentkernel")
else
  roots = [File.join(__dir__, "native"), File.expand_path("../../../..", __dir__)]
  bundle(roots.find { |root| File.exist?(File.join(root, "abi/abi.c")) })
end
# A thread of libcurl's resolver may outlive the module. (-Wall alone: more would warn about generated code.)
$DLDFLAGS << " -Wl,-z,nodelete"
$warnflags = "-Wall"
create_makefile("agentkernel/agentkernel_raw")
