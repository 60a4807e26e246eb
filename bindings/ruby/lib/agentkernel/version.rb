# frozen_string_literal: true

module AgentKernel
  VERSION = "0.1.0"
end
