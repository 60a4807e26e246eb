# frozen_string_literal: true

# Loads the extension. Gems for a platform, and `rake compile`, have it in a folder for this version of Ruby; a gem that
# was compiled when it was installed has it in the load path.
built = File.join(__dir__, RUBY_VERSION[/\A\d+\.\d+/], "agentkernel_raw.so")
begin
  require File.exist?(built) ? built : "agentkernel/agentkernel_raw"
rescue LoadError => e
  raise unless e.path == "agentkernel/agentkernel_raw"

  root = File.expand_path("../..", __dir__)
  raise LoadError, "agentkernel's extension is not compiled for Ruby #{RUBY_VERSION}. Run `rake compile` in #{root}; " \
                   "Bundler does not compile gems of `path:`."
end
