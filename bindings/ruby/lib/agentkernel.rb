# frozen_string_literal: true

require_relative "agentkernel/version"
require_relative "agentkernel/backtrace"
require_relative "agentkernel/errors"
require_relative "agentkernel/generated/errors"
require_relative "agentkernel/extension"

# A client of agentkernel, which runs commands in isolated sandboxes: see Client.
module AgentKernel
  if Raw.version < Raw::VERSION
    raise LoadError, "libagentkernel #{Raw.version_text} is older than what this gem was built with"
  end
end

require_relative "agentkernel/records"
require_relative "agentkernel/generated/types"
require_relative "agentkernel/operation"
require_relative "agentkernel/generated/operations"
require_relative "agentkernel/call"
require_relative "agentkernel/reading"
require_relative "agentkernel/client"
require_relative "agentkernel/generated/settings"
require_relative "agentkernel/stream"
require_relative "agentkernel/files"
require_relative "agentkernel/file_reader"
require_relative "agentkernel/detached"
require_relative "agentkernel/snapshots"
require_relative "agentkernel/session"
