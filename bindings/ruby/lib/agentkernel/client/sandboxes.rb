# frozen_string_literal: true

module AgentKernel
  # Sandboxes that stay.
  class Client
    # All sandboxes, or those that have all of some labels: (a Hash): an Array of SandboxInfo.
    def list_sandboxes(**options) = call(:list_sandboxes, **options)

    # Creates and starts a sandbox that stays until it is removed: a SandboxInfo.
    #
    # image, profile:: as of run
    # vcpus, memory_mb:: processors, and memory in MiB
    # backend::        what isolates it
    # source_url, source_ref:: git repository to clone into /workspace, and its branch, tag or commit
    # volumes::        "slug:/path" or "slug:/path:ro" each
    # secrets::        "KEY=value:host", "KEY:host" or "KEY:host:Header" each
    # secret_files::   keys of secrets that become files
    # placeholder_secrets:: it sees placeholders, which a proxy replaces
    # secret_mappings:: a Hash of environment variable to host
    # ports::          "8080:80", "3000" or "53:53/udp" each
    # network::        a Hash of name, subnet, gateway, dns, static_ip
    # labels, description:: the user's own names and values (a Hash), and words
    # lifecycle::      a Hash of auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds
    # agent::          the agent to prepare it for
    # init_script::    a shell script to run once it is made
    # created_from_template, template_help_text:: what it says of its origin
    def create_sandbox(name, **options) = one(:create_sandbox, name:, **options)

    # The sandbox of that name, or uuid: a SandboxInfo.
    def get_sandbox(name, **options) = one(:get_sandbox, name:, **options)
    def get_sandbox_by_uuid(uuid, **options) = one(:get_sandbox_by_uuid, uuid:, **options)

    # Ends what runs in a sandbox, and removes it.
    def remove_sandbox(name, **options) = one(:remove_sandbox, name:, **options)

    # Runs a command in a sandbox that is there: a RunOutput.
    #
    # env::     a Hash, or an Array of "NAME=VALUE"
    # workdir:: absolute path inside the sandbox
    # sudo::    run it as root
    # check::   as of run
    def exec_in_sandbox(name, command, **options) = one(:exec_in_sandbox, name:, command:, **options)

    # Starts a stopped sandbox.
    def start_sandbox(name, **options) = one(:start_sandbox, name:, **options)

    # Ends every process of a sandbox, which stays. Full servers answer well for one that is not there, too.
    def stop_sandbox(name, **options) = one(:stop_sandbox, name:, **options)

    # Freezes a sandbox with its memory, and goes on with it. Few backends can; others are an UnprocessableError.
    def pause_sandbox(name, **options) = one(:pause_sandbox, name:, **options)
    def resume_sandbox(name, **options) = one(:resume_sandbox, name:, **options)

    # Makes a second sandbox of a paused one, memory and all: a SandboxInfo.
    def fork_sandbox(name, as_name, **options) = one(:fork_sandbox, name:, as_name:, **options)

    # Gives a sandbox other vcpus: or memory_mb:. Some backends stop it and lose its state. A SandboxInfo.
    def resize_sandbox(name, **options) = one(:resize_sandbox, name:, **options)

    # Brings an archived sandbox back: a SandboxInfo.
    def recover_sandbox(name, **options) = one(:recover_sandbox, name:, **options)

    # Changes a sandbox's labels: (in place of all that there are; {} takes them away), description: or lifecycle: (see
    # create_sandbox): a SandboxInfo.
    def update_sandbox(name, **options) = one(:update_sandbox, name:, **options)

    # Lets a sandbox live for longer, by: such as "90" (seconds), "15m" or "1h30m", else an hour: an Expiry.
    def extend_ttl(name, **options) = one(:extend_ttl, name:, **options)

    # What happened to a sandbox, oldest first: an Array of LogEntry.
    def get_sandbox_logs(name, **options) = call(:get_sandbox_logs, name:, **options)
  end
end
