# frozen_string_literal: true

require "json"

module AgentKernel
  # Text and JSON of others, read with care.
  module Text
    # Bytes as text; what is not UTF-8 is replaced.
    def self.of(bytes)
      bytes.dup.force_encoding(Encoding::UTF_8).scrub
    end

    # JSON that the library has checked, as Ruby's own values. It lets through nothing deeper than this.
    def self.parse(json)
      JSON.parse(json, max_nesting: 512)
    end
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
      (Text.parse(raw) || {}).reject { |name, _| @fields.key?(name.to_sym) }
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
end
