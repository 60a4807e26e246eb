# frozen_string_literal: true

module AgentKernel
  # Restoring snapshots.
  class Client
    # Creates a sandbox from a snapshot: a SandboxInfo.
    #
    # as_name:: the name of the sandbox; default: SANDBOX-restored
    # start::   whether to start it at once; if the server ignores that, as full servers do, by a separate request
    def restore_snapshot(name, **options)
      made = one(:restore_snapshot, name:, **options)
      return made unless options[:start] && made.status == "stopped"

      limits = options.slice(:timeout, :connect_timeout)
      start_sandbox(made.name, **limits)
      get_sandbox(made.name, **limits)
    end
  end
end
