# frozen_string_literal: true

require "fileutils"
require_relative "lib/agentkernel/version"

# The gem contains the library's sources, so that it installs where the library is not installed. A gem contains only
# files below its own folder: `gem build` copies them there from the tree. Bundler, which reads this file whenever it
# starts, must not: it may run twice at once, or in a tree that it cannot write.
root = File.expand_path("../..", __dir__)
native = File.join(__dir__, "ext/agentkernel/native")
if defined?(Gem::Commands::BuildCommand) && File.directory?(File.join(root, "core"))
  FileUtils.rm_rf(native)
  Dir.glob(["core/*/*.[ch]", "abi/abi.c", "abi/include/agentkernel.h"], base: root).each do |path|
    FileUtils.mkdir_p(File.dirname(File.join(native, path)))
    FileUtils.cp(File.join(root, path), File.join(native, path))
  end
  FileUtils.cp(File.join(root, "LICENSE"), __dir__)
end

Gem::Specification.new do |spec|
  spec.name = "agentkernel"
  spec.version = AgentKernel::VERSION
  spec.summary = "Runs commands in isolated sandboxes: a client of agentkernel"
  spec.description = "A client of agentkernel, the service that runs commands for AI agents in isolated sandboxes, " \
                     "on the C library libagentkernel. Other threads and fibers run while it waits."
  spec.authors = ["The libagentkernel authors"]
  spec.homepage = "https://github.com/thrashr888/agentkernel"
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.1"
  spec.extensions = ["ext/agentkernel/extconf.rb"]
  spec.files = Dir.glob(["LICENSE", "README.md", "lib/**/*.rb", "sig/*.rbs", "ext/agentkernel/*.{c,map,rb}",
                         "ext/agentkernel/native/**/*.{c,h}"], base: __dir__)
  spec.metadata = {"rubygems_mfa_required" => "true"}
end
