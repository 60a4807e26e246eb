# frozen_string_literal: true

module AgentKernel
  # Text and JSON from servers.
  module Text
    # Bytes as text; what is not UTF-8 is replaced.
    def self.of(bytes)
      bytes.dup.force_encoding(Encoding::UTF_8).scrub
    end

    # The library rejects JSON that is nested deeper.
    MAX_NESTING = 512

    # Ruby's own parser, loaded when it is first needed.
    def self.json
      @json ||= begin
        require "json"
        JSON
      end
    end

    # JSON that the library has checked, as Ruby's own values. Input that not every version of Ruby's parser accepts
    # is repaired first, or allowed: of members with the same name the last counts.
    def self.parse(text, freeze: false)
      json.parse(whole(text), max_nesting: MAX_NESTING, allow_duplicate_key: true, freeze:)
    end

    # The same for a field of a record, frozen. (swig/ruby.i calls it.)
    def self.field(text) = parse(text, freeze: true)

    SURROGATE = /\\u[dD][89a-fA-F]/
    # A surrogate pair; half a pair, six bytes; a backslash and the character after it, which starts no other escape.
    ESCAPE = /\\u[dD][89abAB]\h\h\\u[dD][c-fC-F]\h\h|\\u[dD][89a-fA-F]\h\h|\\./
    private_constant :SURROGATE, :ESCAPE

    # With U+FFFD for invalid characters, as in the library: bytes that are not UTF-8, half a surrogate pair.
    def self.whole(text)
      text = text.scrub unless text.valid_encoding?
      return text unless text.match?(SURROGATE)

      text.gsub(ESCAPE) { |escape| escape.size == 6 ? "\\ufffd" : escape }
    end
    private_class_method :whole
  end
  private_constant :Text

  # A server's record: fields by name, all of it frozen. Output and content are binary (ASCII-8BIT), other text is
  # UTF-8. A field that is null or absent reads as nil; key? tells the two apart.
  class Record
    def initialize(fields)
      @fields = fields # never returned
      freeze
    end

    # The record as the server sent it (JSON).
    def raw = @fields[:raw]

    # The value of any field, including those without a method in this version.
    def [](name) = @fields[name]

    # Whether the server sent the field, even if it is null.
    def key?(name) = @fields.key?(name)

    def to_h = @fields.dup

    # The fields except raw, for JSON: bytes as text, with U+FFFD for what is not UTF-8. Rails calls it.
    def as_json(*)
      @fields.except(:raw).transform_values do |value|
        value.is_a?(String) && value.encoding == Encoding::BINARY ? Text.of(value) : value
      end
    end

    # The same as a JSON object. JSON.generate calls it, also for records in an Array or Hash.
    def to_json(*state)
      Text.json
      as_json.to_json(*state)
    end

    # For `in {exit_code: 0}`.
    def deconstruct_keys(_names) = @fields.dup

    # Members of the record that this library does not know.
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

  # The fields of the classes below are in generated/types.rb; these are their other methods.

  # Its text is the output as UTF-8, with U+FFFD for what is not.
  class RunOutput < Record
    def text = Text.of(output || "")
    alias to_s text

    def success? = (exit_code || 0).zero?
    def truncated? = truncated == true
  end

  # With a predicate for whether it is running.
  class SandboxInfo < Record
    def running? = status == "running"
  end

  # With predicates for the type of event.
  class StreamEvent < Record
    # The bytes of output in this event; nil if it has none.
    def bytes = data || output

    # The same as text; bytes that are not UTF-8 are replaced.
    def text = (found = bytes) && Text.of(found)

    # The whole payload as Ruby's own values; nil when it was not JSON. It is parsed each time.
    def payload = parsed ? Text.parse(Text.of(raw)) : nil

    # Whether this event ends the stream.
    def final? = done? || error?
    def output? = type == "output"
    def done? = type == "done"
    def error? = type == "error"
    def success? = success == true
  end

  # Its text is the content as UTF-8, with U+FFFD for what is not.
  class FileContent < Record
    def text = Text.of(content || "")
    alias to_s text
  end

  # Its text is the output as UTF-8, with U+FFFD for what is not; nil when there is none.
  class BatchResult < Record
    def text = output && Text.of(output)
    def success? = error.nil?
  end

  # With a predicate for whether it is running.
  class DetachedCommand < Record
    def running? = status == "running"
  end

  # Its text is the requested stream, as UTF-8 with U+FFFD for what is not. The other stream is nil.
  class DetachedLogs < Record
    def text = (found = stdout || stderr) && Text.of(found)
  end

  # Its text is the content as UTF-8, with U+FFFD for what is not.
  class Reply < Record
    def text = Text.of(content || "")
    alias to_s text

    # raw (the data of the server's envelope, or the body if it is JSON) as Ruby's own values; nil when it was not JSON.
    def json = raw && Text.parse(raw)
  end
end
