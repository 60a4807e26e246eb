# Generated from abi/schema by tools/generate: do not edit.
# frozen_string_literal: true

module AgentKernel
  # The state of the server.
  class Health < Record
    # "ok".
    def status = @fields[:status]
  end

  # What a command wrote and how it ended.
  class RunOutput < Record
    # What the command wrote.
    def output = @fields[:output]

    # The exit code of the command. Not 0 only if check is false.
    def exit_code = @fields[:exit_code]

    # Whether the output was longer than the server keeps.
    def truncated = @fields[:truncated]

    # The length of the whole output in bytes. Set when it was truncated.
    def total_bytes = @fields[:total_bytes]
  end

  # An event of a running command. Which fields are set depends on its type.
  class StreamEvent < Record
    # The kind of event or log entry; an open set. Such as started, progress, output, done or error.
    def type = @fields[:type]

    # Whether the event's data is a JSON object. If not, only raw, type and id are set.
    def parsed = @fields[:parsed]

    # The last event id of the stream.
    def id = @fields[:id]

    # The bytes that the command wrote, in an output event.
    def data = @fields[:data]

    # The output stream: stdout or stderr.
    def stream = @fields[:stream]

    # The exit code of the command.
    def exit_code = @fields[:exit_code]

    # Whether the exit code is 0, in a done event.
    def success = @fields[:success]

    # What the command wrote. Some servers send it with the done event.
    def output = @fields[:output]

    # What went wrong, in an error event.
    def message = @fields[:message]

    # The program and its arguments, passed on byte for byte.
    def command = @fields[:command]

    # Whether a warm sandbox is used, in a started event.
    def fast = @fields[:fast]

    # The time, in RFC 3339 format.
    def timestamp = @fields[:timestamp]

    # How far the sandbox is, such as sandbox_created, in a progress event.
    def stage = @fields[:stage]

    # The name of the sandbox.
    def sandbox = @fields[:sandbox]

    # Whether the command was killed for exceeding its memory limit.
    def oom = @fields[:oom]
  end

  # A sandbox. Which fields are set depends on the server and its backend.
  class SandboxInfo < Record
    # The name: 1 to 63 letters, digits, hyphens and underscores.
    def name = @fields[:name]

    # The state, such as running, stopped or paused; an open set.
    def status = @fields[:status]

    # The unique identifier; all zeros when unknown.
    def uuid = @fields[:uuid]

    # The backend that isolates the sandbox.
    def backend = @fields[:backend]

    # The IP address, if there is one.
    def ip = @fields[:ip]

    # The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
    def image = @fields[:image]

    # The number of virtual processors.
    def vcpus = @fields[:vcpus]

    # The memory in MiB.
    def memory_mb = @fields[:memory_mb]

    # When it was created, in RFC 3339 format.
    def created_at = @fields[:created_at]

    # The name of the template it was created from.
    def created_from_template = @fields[:created_from_template]

    # What that template says about its use.
    def template_help_text = @fields[:template_help_text]

    # Published ports, each such as "8080:80", "3000" or "53:53/udp".
    def ports = @fields[:ports]

    # A list of {container_port, protocol, url}.
    def endpoints = @fields[:endpoints]

    # Keys of secrets that the sandbox gets as files.
    def secret_files = @fields[:secret_files]

    # Whether the sandbox sees placeholders, which a proxy replaces by the secrets.
    def placeholder_secrets = @fields[:placeholder_secrets]

    # The port that proxy listens on.
    def proxy_port = @fields[:proxy_port]

    # Environment variables mapped to hosts. Values of secrets are never shown.
    def secret_mappings = @fields[:secret_mappings]

    # User-defined labels.
    def labels = @fields[:labels]

    # A user-defined description.
    def description = @fields[:description]

    # When it was last used, in RFC 3339 format.
    def last_activity_at = @fields[:last_activity_at]

    # The revision of /workspace.
    def workspace_revision = @fields[:workspace_revision]

    # When it was archived, in RFC 3339 format.
    def archived_at = @fields[:archived_at]

    # Why it was archived.
    def archived_reason = @fields[:archived_reason]

    # Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}.
    def lifecycle = @fields[:lifecycle]
  end

  # A file of a sandbox.
  class FileContent < Record
    # The content in bytes.
    def content = @fields[:content]

    # How the content was sent: utf8 or base64. It is returned decoded.
    def encoding = @fields[:encoding]

    # The size of the content in bytes. As a parameter: how many bytes ak_call_write will supply.
    def size = @fields[:size]
  end

  # The result of writing several files.
  class FilesWritten < Record
    # The number of files written.
    def written = @fields[:written]
  end

  # The result of one command of a batch: its output, or why it failed.
  class BatchResult < Record
    # What the command wrote. Not set when the command failed.
    def output = @fields[:output]

    # Why the command or step failed. Not set when it did not.
    def error = @fields[:error]
  end

  # An entry of a sandbox's audit log. Which fields are set depends on its type.
  class LogEntry < Record
    # The kind of event or log entry; an open set. Such as sandbox_created, command_executed or file_written.
    def type = @fields[:type]

    # The time, in RFC 3339 format.
    def timestamp = @fields[:timestamp]

    # The process id of the server.
    def pid = @fields[:pid]

    # Who did it.
    def user = @fields[:user]

    # The name: 1 to 63 letters, digits, hyphens and underscores. It is in entries about the creation, start, stop and
    # removal of the sandbox; others have sandbox.
    def name = @fields[:name]

    # The name of the sandbox. It is in entries about something in the sandbox.
    def sandbox = @fields[:sandbox]

    # The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
    def image = @fields[:image]

    # The backend that isolates the sandbox.
    def backend = @fields[:backend]

    # User-defined labels.
    def labels = @fields[:labels]

    # The security profile: permissive, moderate or restrictive.
    def profile = @fields[:profile]

    # The program and its arguments, passed on byte for byte.
    def command = @fields[:command]

    # The exit code of the command.
    def exit_code = @fields[:exit_code]

    # The absolute path of a file in the sandbox.
    def path = @fields[:path]

    # Why the command or step failed.
    def error = @fields[:error]
  end

  # A command that runs in the background.
  class DetachedCommand < Record
    # The identifier.
    def id = @fields[:id]

    # The state, such as running, stopped or paused; an open set. One that ended is completed or failed.
    def status = @fields[:status]

    # The name of the sandbox.
    def sandbox = @fields[:sandbox]

    # The program and its arguments, passed on byte for byte.
    def command = @fields[:command]

    # The process id, as the server counts it.
    def pid = @fields[:pid]

    # The exit code of the command. Not set while it runs. Full servers of version 0.21 always report 127.
    def exit_code = @fields[:exit_code]

    # When it was started, in RFC 3339 format.
    def started_at = @fields[:started_at]
  end

  # What a detached command has written so far.
  class DetachedLogs < Record
    # What the command wrote to its standard output. Not set when the other stream was requested.
    def stdout = @fields[:stdout]

    # What the command wrote to its standard error. Set when this stream was requested.
    def stderr = @fields[:stderr]
  end

  # When a sandbox expires.
  class Expiry < Record
    # When it expires, in RFC 3339 format.
    def expires_at = @fields[:expires_at]
  end

  # A snapshot, with properties of the sandbox it was taken of.
  class SnapshotInfo < Record
    # The name: 1 to 63 letters, digits, hyphens and underscores.
    def name = @fields[:name]

    # The name of the sandbox. The snapshot was taken of it.
    def sandbox = @fields[:sandbox]

    # The backend's name for the snapshot.
    def image_tag = @fields[:image_tag]

    # The backend that isolates the sandbox.
    def backend = @fields[:backend]

    # The image of the sandbox the snapshot was taken of.
    def base_image = @fields[:base_image]

    # The number of virtual processors.
    def vcpus = @fields[:vcpus]

    # The memory in MiB.
    def memory_mb = @fields[:memory_mb]

    # When it was created, in RFC 3339 format.
    def created_at = @fields[:created_at]
  end

  # The backends of a server.
  class Backends < Record
    # The backend of sandboxes that ask for none.
    def default_backend = @fields[:default_backend]

    # A list of {backend, configured, usable, readiness_reason, capabilities}.
    def backends = @fields[:backends]
  end

  # The version and configuration of a server.
  class ServerStatus < Record
    # The version of the server.
    def version = @fields[:version]

    # The backend that isolates the sandbox.
    def backend = @fields[:backend]

    # Whether the server requires an API key.
    def api_key_configured = @fields[:api_key_configured]
  end

  # The usage of a server.
  class ServerStats < Record
    # The number of sandboxes.
    def sandbox_count = @fields[:sandbox_count]

    # The maximum number of sandboxes; 0 for no limit.
    def sandbox_limit = @fields[:sandbox_limit]

    # The backend that isolates the sandbox.
    def backend = @fields[:backend]

    # How long the server has been running, in seconds.
    def uptime_seconds = @fields[:uptime_seconds]

    # The version of the server.
    def version = @fields[:version]

    # Resource usage: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}.
    def resource_usage = @fields[:resource_usage]
  end

  # The reply to an arbitrary request.
  class Reply < Record
    # The HTTP status of the reply.
    def http_status = @fields[:http_status]

    # The media type of the content.
    def content_type = @fields[:content_type]

    # The content in bytes.
    def content = @fields[:content]
  end
end
