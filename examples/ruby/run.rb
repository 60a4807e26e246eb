# frozen_string_literal: true

# Runs a command in a fresh sandbox, prints its output as it arrives, and exits with its exit code.
#
#     ruby examples/ruby/run.rb COMMAND [ARGUMENT ...]
#
# The server is AGENTKERNEL_BASE_URL, or http://localhost:18888; "local:" needs nothing running.

require "agentkernel"

abort "usage: run.rb COMMAND [ARGUMENT ...]" if ARGV.empty?
begin
  stream = AgentKernel::Client.new.run_stream(ARGV)
  IO.copy_stream(stream, $stdout)
  exit stream.exit_code
rescue AgentKernel::Error => e
  warn "run.rb: #{e.code}: #{e.message}"
  exit 125
end
