# frozen_string_literal: true

module AgentKernel
  # Snapshots of sandboxes. Here name is the snapshot's.
  class Client
    # Keeps the state of a sandbox under a name, in place of what that stood for: a SnapshotInfo.
    def take_snapshot(sandbox, name, **options) = one(:take_snapshot, sandbox:, name:, **options)

    # All snapshots, oldest first: an Array of SnapshotInfo.
    def list_snapshots(**options) = call(:list_snapshots, **options)

    # The snapshot of that name: a SnapshotInfo.
    def get_snapshot(name, **options) = one(:get_snapshot, name:, **options)

    # Removes a snapshot.
    def delete_snapshot(name, **options) = one(:delete_snapshot, name:, **options)

    # Makes a sandbox of a snapshot: a SandboxInfo.
    #
    # as_name:: its name; else SANDBOX-restored
    # start::   start it at once; where the server passes over that, as full servers do, by a request of its own
    def restore_snapshot(name, **options)
      made = one(:restore_snapshot, name:, **options)
      return made unless options[:start] && made.status == "stopped"

      limits = options.slice(:timeout, :connect_timeout)
      start_sandbox(made.name, **limits)
      get_sandbox(made.name, **limits)
    end
  end
end
