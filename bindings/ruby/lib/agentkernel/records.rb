# frozen_string_literal: true

require "json"

module AgentKernel
  # Text and JSON of others, read with care.
  module Text
    # Bytes as text; what is not UTF-8 is replaced.
    def self.of(bytes)
      bytes.dup.force_encoding(Encoding::UTF_8).scrub
    end

    # The library lets through no JSON that is nested deeper.
    MAX_NESTING = 512

    # JSON that the library has checked, as Ruby's own values. What not every version of Ruby's parser takes is mended
    # first, or allowed: of members with the same name the last counts.
    def self.parse(json, freeze: false)
      JSON.parse(whole(json), max_nesting: MAX_NESTING, allow_duplicate_key: true, freeze:)
    end

    # The same for a field of a record, which nobody may change. (ruby.i calls it.)
    def self.field(json) = parse(json, freeze: true)

    SURROGATE = /\\u[dD][89a-fA-F]/
    # Both halves of a character; half of one, six bytes; a backslash and what follows, which is no escape of its own.
    ESCAPE = /\\u[dD][89abAB]\h\h\\u[dD][c-fC-F]\h\h|\\u[dD][89a-fA-F]\h\h|\\./
    private_constant :SURROGATE, :ESCAPE

    # With U+FFFD for what is no character, as the library reads text: bytes that are not UTF-8, half a surrogate pair.
    def self.whole(json)
      json = json.scrub unless json.valid_encoding?
      return json unless json.match?(SURROGATE)

      json.gsub(ESCAPE) { |escape| escape.size == 6 ? "\\ufffd" : escape }
    end
    private_class_method :whole
  end
  private_constant :Text

  # What a server answered: fields by name, frozen all through. A field that is null or not there reads as nil; key?
  # tells the two apart.
  class Record
    def self.fields(*names)
      # Events come by the hundred thousand: a method that is written down is faster than one made of a block.
      names.each do |name|
        class_eval("def #{name} = @fields[:#{name}]", __FILE__, __LINE__) # def type = @fields[:type]
      end
    end
    private_class_method :fields

    # The record as the server sent it (JSON).
    fields :raw

    def initialize(fields)
      @fields = fields # never handed out
      freeze
    end

    # The value of any field, also of one that this version has no method for.
    def [](name) = @fields[name]

    # Whether the server sent the field, be it null.
    def key?(name) = @fields.key?(name)

    def to_h = @fields.dup

    # For `in {exit_code: 0}`.
    def deconstruct_keys(_names) = @fields.dup

    # Members that the server sent and this library does not know.
    def extra
      members = raw && Text.parse(raw)
      members.is_a?(Hash) ? members.reject { |name, _| @fields.key?(name.to_sym) } : {}
    end

    def ==(other)
      other.class == self.class && other.to_h.except(:raw) == @fields.except(:raw)
    end
    alias eql? ==

    def hash = [self.class, @fields.except(:raw)].hash

    def inspect
      "#<#{self.class.name} #{@fields.except(:raw).map { |name, value| "#{name}=#{value.inspect}" }.join(' ')}>"
    end
  end

  # What a server says of itself.
  class Health < Record
    fields :status
  end

  # What a command wrote, and how it ended.
  class RunOutput < Record
    # The output exactly, as binary.
    fields :output
    # Not 0 only with check: false.
    fields :exit_code
    # Whether the output was longer than what the server keeps, and how long it was.
    fields :truncated, :total_bytes

    # The output as text; bytes that are not UTF-8 are replaced.
    def text = Text.of(output || "")
    alias to_s text

    def success? = (exit_code || 0).zero?
    def truncated? = truncated == true
  end

  # A sandbox. What the server did not tell is nil.
  class SandboxInfo < Record
    fields :name, :uuid, :backend, :ip, :image, :vcpus, :memory_mb, :created_at, :created_from_template,
           :template_help_text, :ports, :secret_files, :placeholder_secrets, :proxy_port, :secret_mappings,
           :labels, :description, :last_activity_at, :workspace_revision, :archived_at, :archived_reason
    # running, stopped, paused, ...: an open set.
    fields :status
    # A list of {"container_port", "protocol", "url"}.
    fields :endpoints
    # {"auto_stop_after_seconds", ...}
    fields :lifecycle

    def running? = status == "running"
  end

  # One event of a running command.
  class StreamEvent < Record
    # started, progress, output, done, error: an open set.
    fields :type
    # Bytes of output that came with this event, exactly. (output of done: what some servers send with the end.)
    fields :data, :output
    # Where the output came from, such as stdout.
    fields :stream
    # How the command ended (done); oom: whether it was killed for passing its memory limit.
    fields :exit_code, :success, :oom
    # What went wrong (error).
    fields :message
    # started and progress
    fields :timestamp, :fast, :command, :stage, :sandbox
    # The stream's last event id.
    fields :id
    # Whether the payload was a JSON object; if not, only type, id and raw tell of it.
    fields :parsed

    # The bytes of output that came with this event; nil when it carries none.
    def bytes = data || output

    # The same as text; bytes that are not UTF-8 are replaced.
    def text = (found = bytes) && Text.of(found)

    # The whole payload as Ruby's own values; nil when it was no JSON. It is read anew each time.
    def payload = parsed ? Text.parse(Text.of(raw)) : nil

    # Whether this is how the stream ends.
    def final? = done? || error?
    def output? = type == "output"
    def done? = type == "done"
    def error? = type == "error"
    def success? = success == true
  end

  # A file of a sandbox.
  class FileContent < Record
    # The content exactly, as binary.
    fields :content
    # How it came (utf8 or base64; it is decoded), and its bytes as the server counts them.
    fields :encoding, :size

    # The content as text; bytes that are not UTF-8 are replaced.
    def text = Text.of(content || "")
    alias to_s text
  end

  # How many files were written.
  class FilesWritten < Record
    fields :written
  end

  # What one of several commands came to: its output (binary), or why there is none.
  class BatchResult < Record
    fields :output, :error

    # The output as text; nil when there is none.
    def text = output && Text.of(output)
    def success? = error.nil?
  end

  # Something that happened to a sandbox. Which fields it has depends on its type.
  class LogEntry < Record
    # sandbox_created, command_executed, file_written, ...: an open set.
    fields :type
    # When, in which process of the server, and who did it.
    fields :timestamp, :pid, :user
    # The sandbox: name where it is made or removed, sandbox where something is done in it.
    fields :name, :sandbox
    fields :image, :backend, :labels, :profile, :command, :exit_code, :path, :error
  end

  # A command that nobody waits for.
  class DetachedCommand < Record
    fields :id, :sandbox, :command, :pid, :started_at
    # running, completed, failed, ...: an open set.
    fields :status
    # Once it has ended. Full servers of version 0.21 always say 127.
    fields :exit_code

    def running? = status == "running"
  end

  # What such a command wrote so far (binary): the output that was asked for, the other is nil.
  class DetachedLogs < Record
    fields :stdout, :stderr

    # The one that was asked for, as text.
    def text = (found = stdout || stderr) && Text.of(found)
  end

  # Until when a sandbox lives.
  class Expiry < Record
    fields :expires_at
  end

  # A snapshot, and the sandbox that it was taken of.
  class SnapshotInfo < Record
    fields :name, :sandbox, :backend, :base_image, :vcpus, :memory_mb, :created_at
    # What the backend calls it.
    fields :image_tag
  end

  # What may isolate sandboxes.
  class Backends < Record
    # What a sandbox gets that asks for none.
    fields :default_backend
    # A list of {"backend", "configured", "usable", "readiness_reason", "capabilities"}.
    fields :backends
  end

  # A server's version and ways. api_key_configured: whether it wants a key.
  class ServerStatus < Record
    fields :version, :backend, :api_key_configured
  end

  # How much a server has to do.
  class ServerStats < Record
    # How many sandboxes there are, and may be; 0: no limit.
    fields :sandbox_count, :sandbox_limit
    fields :backend, :uptime_seconds, :version
    # {"cpu_percent", "memory_used_mb", "memory_total_mb", "disk_used_mb"}
    fields :resource_usage
  end

  # The answer to any request.
  class Reply < Record
    # Its body exactly, as binary; raw is what the server's envelope holds, or the body, if it is JSON.
    fields :content
    fields :http_status, :content_type

    # The body as text; bytes that are not UTF-8 are replaced.
    def text = Text.of(content || "")
    alias to_s text

    # raw as Ruby's own values; nil when it was no JSON.
    def json = raw && Text.parse(raw)
  end
end
