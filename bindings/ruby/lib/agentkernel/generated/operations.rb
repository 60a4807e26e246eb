# Generated from abi/schema by tools/generate: do not edit.
# frozen_string_literal: true

module AgentKernel
  # The class of the records of each operation.
  OPERATIONS = {
    health: Health,
    run: RunOutput,
    run_stream: StreamEvent,
    list_sandboxes: SandboxInfo,
    create_sandbox: SandboxInfo,
    get_sandbox: SandboxInfo,
    remove_sandbox: Record,
    exec_in_sandbox: RunOutput,
    get_sandbox_by_uuid: SandboxInfo,
    start_sandbox: Record,
    stop_sandbox: Record,
    pause_sandbox: Record,
    resume_sandbox: Record,
    fork_sandbox: SandboxInfo,
    resize_sandbox: SandboxInfo,
    recover_sandbox: SandboxInfo,
    update_sandbox: SandboxInfo,
    read_file: FileContent,
    write_file: Record,
    delete_file: Record,
    write_files: FilesWritten,
    get_sandbox_logs: LogEntry,
    batch_run: BatchResult,
    exec_detached: DetachedCommand,
    detached_status: DetachedCommand,
    detached_logs: DetachedLogs,
    detached_kill: Record,
    detached_list: DetachedCommand,
    extend_ttl: Expiry,
    take_snapshot: SnapshotInfo,
    list_snapshots: SnapshotInfo,
    get_snapshot: SnapshotInfo,
    delete_snapshot: Record,
    restore_snapshot: SandboxInfo,
    get_backends: Backends,
    get_status: ServerStatus,
    get_stats: ServerStats,
    request: Reply
  }.to_h { |name, record| [name, Operation.new(name, record)] }.freeze
  private_constant :OPERATIONS

  # One request and its reply each.
  class Client
    # Checks that the server is reachable. Result: String.
    def health(**options) = one(:health, **options).status

    # Runs a command in a fresh sandbox and returns its output. Result: RunOutput.
    #
    # command:: The program and its arguments, passed on byte for byte.
    # image:: The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
    # profile:: The security profile: permissive, moderate or restrictive.
    # fast:: Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's
    #        pool re-parses arguments in a shell and loses exit codes.
    # check:: Whether a failing command is an error. Default: true. If it is not, the result has the exit code.
    def run(command, **options) = one(:run, command:, **options)

    # Lists all sandboxes, or those that have all of the given labels. Result: Array[SandboxInfo].
    #
    # labels:: User-defined labels.
    def list_sandboxes(**options) = call(:list_sandboxes, **options)

    # Creates and starts a sandbox, which exists until it is removed. Result: SandboxInfo.
    #
    # name:: The name: 1 to 63 letters, digits, hyphens and underscores.
    # image:: The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
    # vcpus:: The number of virtual processors.
    # memory_mb:: The memory in MiB.
    # profile:: The security profile: permissive, moderate or restrictive.
    # backend:: The backend that isolates the sandbox.
    # source_url:: The git repository to clone into /workspace.
    # source_ref:: The branch, tag or commit to check out.
    # volumes:: Volumes to mount, each "slug:/path" or "slug:/path:ro".
    # secrets:: Secrets, each "KEY=value:host", "KEY:host" or "KEY:host:Header".
    # secret_files:: Keys of secrets that the sandbox gets as files.
    # ports:: Published ports, each such as "8080:80", "3000" or "53:53/udp".
    # network:: The network to join: {name, subnet, gateway, dns, static_ip}.
    # agent:: The agent to prepare the sandbox for.
    # placeholder_secrets:: Whether the sandbox sees placeholders, which a proxy replaces by the secrets.
    # secret_mappings:: Environment variables mapped to hosts. Values of secrets are never shown.
    # init_script:: A shell script to run after creation.
    # created_from_template:: The name of the template it was created from.
    # template_help_text:: What that template says about its use.
    # labels:: User-defined labels.
    # description:: A user-defined description.
    # lifecycle:: Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}.
    def create_sandbox(name, **options) = one(:create_sandbox, name:, **options)

    # Returns one sandbox. Result: SandboxInfo.
    def get_sandbox(name, **options) = one(:get_sandbox, name:, **options)

    # Removes a sandbox and everything in it.
    def remove_sandbox(name, **options) = one(:remove_sandbox, name:, **options)

    # Runs a command in an existing sandbox and returns its output. Result: RunOutput.
    #
    # command:: The program and its arguments, passed on byte for byte.
    # env:: Environment variables, each "NAME=VALUE". A Hash is accepted, too.
    # workdir:: The working directory, an absolute path in the sandbox.
    # sudo:: Whether to run the command as root in the sandbox. Servers may forbid it.
    # check:: Whether a failing command is an error. Default: true. If it is not, the result has the exit code.
    def exec_in_sandbox(name, command, **options) = one(:exec_in_sandbox, name:, command:, **options)

    # Returns the sandbox with a given UUID. Result: SandboxInfo.
    def get_sandbox_by_uuid(uuid, **options) = one(:get_sandbox_by_uuid, uuid:, **options)

    # Starts a stopped sandbox. Starting one that is running is a conflict (409).
    def start_sandbox(name, **options) = one(:start_sandbox, name:, **options)

    # Stops a sandbox: its processes end, the sandbox is kept. Stopping a stopped one does nothing. With
    # agentkernel-local its files stay; the full server's containers lose those outside of volumes. Full servers also
    # report success for a sandbox that does not exist.
    def stop_sandbox(name, **options) = one(:stop_sandbox, name:, **options)

    # Freezes a sandbox and its memory. Few backends support this. The others refuse it (422).
    def pause_sandbox(name, **options) = one(:pause_sandbox, name:, **options)

    # Resumes a paused sandbox.
    def resume_sandbox(name, **options) = one(:resume_sandbox, name:, **options)

    # Creates a copy of a paused sandbox, including its memory. Result: SandboxInfo.
    #
    # as_name:: The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores.
    def fork_sandbox(name, as_name, **options) = one(:fork_sandbox, name:, as_name:, **options)

    # Changes the processors or memory of a sandbox. Some backends restart it and lose its state. Result: SandboxInfo.
    #
    # vcpus:: The number of virtual processors.
    # memory_mb:: The memory in MiB.
    def resize_sandbox(name, **options) = one(:resize_sandbox, name:, **options)

    # Restores an archived sandbox. A dormant one, too. Result: SandboxInfo.
    def recover_sandbox(name, **options) = one(:recover_sandbox, name:, **options)

    # Changes the labels, description or lifecycle of a sandbox. Labels are replaced as a whole. What is not set stays
    # as it is. Result: SandboxInfo.
    #
    # labels:: User-defined labels. An empty map removes them all.
    # description:: A user-defined description.
    # lifecycle:: Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}.
    def update_sandbox(name, **options) = one(:update_sandbox, name:, **options)

    # Reads a file from a sandbox. See open_file for large files. Result: FileContent.
    def read_file(name, path, **options) = one(:read_file, name:, path:, **options)

    # Deletes a file from a sandbox.
    def delete_file(name, path, **options) = one(:delete_file, name:, path:, **options)

    # Writes several text files. When one fails, others may have been written. Result: FilesWritten.
    #
    # files:: Absolute paths mapped to text.
    def write_files(name, files, **options) = one(:write_files, name:, files:, **options)

    # Lists the audit log of a sandbox, oldest entry first. Result: Array[LogEntry].
    def get_sandbox_logs(name, **options) = call(:get_sandbox_logs, name:, **options)

    # Runs several commands in parallel, each in a fresh sandbox, and returns their results in the same order. A failing
    # command is not an error here: its result has an error in place of its output. Result: Array[BatchResult].
    #
    # commands:: The commands, each a program and its arguments.
    def batch_run(commands, **options) = call(:batch_run, commands:, **options)

    # Starts a command in a sandbox without waiting for it. The timeouts bound the call, not the command. Result:
    # DetachedCommand.
    #
    # command:: The program and its arguments, passed on byte for byte.
    # env:: Environment variables, each "NAME=VALUE". A Hash is accepted, too.
    # workdir:: The working directory, an absolute path in the sandbox.
    # sudo:: Whether to run the command as root in the sandbox. Servers may forbid it.
    def exec_detached(name, command, **options) = one(:exec_detached, name:, command:, **options)

    # Returns the state of a detached command. Result: DetachedCommand.
    def detached_status(name, id, **options) = one(:detached_status, name:, id:, **options)

    # Returns what a detached command has written so far. Result: DetachedLogs.
    #
    # stream:: The output stream: stdout or stderr. Default: stdout.
    def detached_logs(name, id, **options) = one(:detached_logs, name:, id:, **options)

    # Kills a detached command. One that has ended is left as it is.
    def detached_kill(name, id, **options) = one(:detached_kill, name:, id:, **options)

    # Lists the detached commands of a sandbox. The full server returns the states as they were when each was last
    # requested. Result: Array[DetachedCommand].
    def detached_list(name, **options) = call(:detached_list, name:, **options)

    # Extends the lifetime of a sandbox. Result: Expiry.
    #
    # by:: How much longer, in seconds ("90") or as a duration such as "15m" or "1h30m". Default: one hour.
    def extend_ttl(name, **options) = one(:extend_ttl, name:, **options)

    # Saves the state of a sandbox as a snapshot. A snapshot of the same name is replaced. Result: SnapshotInfo.
    #
    # sandbox:: The name of the sandbox.
    # name:: The name: 1 to 63 letters, digits, hyphens and underscores.
    def take_snapshot(sandbox, name, **options) = one(:take_snapshot, sandbox:, name:, **options)

    # Lists all snapshots, oldest first. Result: Array[SnapshotInfo].
    def list_snapshots(**options) = call(:list_snapshots, **options)

    # Returns one snapshot. Result: SnapshotInfo.
    def get_snapshot(name, **options) = one(:get_snapshot, name:, **options)

    # Deletes a snapshot. Sandboxes restored from it stay.
    def delete_snapshot(name, **options) = one(:delete_snapshot, name:, **options)

    # Returns the backends that the server supports. Result: Backends.
    def get_backends(**options) = one(:get_backends, **options)

    # Returns the version and configuration of the server. Result: ServerStatus.
    def get_status(**options) = one(:get_status, **options)

    # Returns usage statistics of the server. Result: ServerStats.
    def get_stats(**options) = one(:get_stats, **options)

    # Sends an arbitrary request, for routes that have no operation. Result: Reply.
    #
    # body:: The JSON to send. Without it there is no body. A Hash, an Array or anything else that JSON can represent.
    # check:: Whether a status other than 2xx is an error. Default: true. If it is not, the reply has the status.
    def request(method, path, **options) = one(:request, method:, path:, **options)
  end

  # The same for the sandbox of a session.
  class SandboxSession
    # See Client#get_sandbox.
    def info(**options) = created.get_sandbox(@name, **options)

    # See Client#exec_in_sandbox.
    def run(command, **options) = created.exec_in_sandbox(@name, command, **options)

    # See Client#read_file.
    def read_file(path, **options) = created.read_file(@name, path, **options)

    # See Client#delete_file.
    def delete_file(path, **options) = created.delete_file(@name, path, **options)

    # See Client#write_files.
    def write_files(files, **options) = created.write_files(@name, files, **options)

    # See Client#exec_detached.
    def exec_detached(command, **options) = created.exec_detached(@name, command, **options)

    # See Client#detached_status.
    def detached_status(id, **options) = created.detached_status(@name, id, **options)

    # See Client#detached_logs.
    def detached_logs(id, **options) = created.detached_logs(@name, id, **options)

    # See Client#detached_kill.
    def detached_kill(id, **options) = created.detached_kill(@name, id, **options)

    # See Client#detached_list.
    def detached_list(**options) = created.detached_list(@name, **options)
  end
end
