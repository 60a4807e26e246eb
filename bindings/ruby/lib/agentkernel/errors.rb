# frozen_string_literal: true

module AgentKernel
  # The base of every error of this library.
  class Error < StandardError
    # The name of the kind of error, such as "AK_E_TIMEOUT".
    attr_reader :code
    # The HTTP status of the reply; nil when there was none.
    attr_reader :http_status
    # The message of the server; nil when it sent none.
    attr_reader :server_text
    # The exit code of the command that failed, and its output (binary); nil for other errors.
    attr_reader :exit_code, :output
    # Seconds after which the server allows a retry; nil when it sent no time.
    attr_reader :retry_after
    # The operation, such as "run", and the phase it failed in: bind, resolve, connect, send, wait, receive or decode.
    attr_reader :operation, :phase
    # How much of the request was sent. :nothing: repeating it is safe. :some: there was no reply, so it may have run.
    # :answered: there was a reply.
    attr_reader :sent
    # libcurl's own code, when libcurl failed.
    attr_reader :libcurl

    SENT = %i[nothing some answered].freeze
    private_constant :SENT

    # The error for a failure's fields, of the class for its code. (swig/ruby.i calls it.)
    def self.of(fields)
      CLASSES.fetch(fields[:code], self).new(fields[:message] || fields[:code], **fields)
    end

    def initialize(message = nil, **fields)
      super(message)
      @code, @http_status, @server_text, @exit_code, @output, @operation, @phase, @libcurl, retry_after_ms, sent =
        fields.values_at(:code, :http_status, :server_text, :exit_code, :output, :operation, :phase, :libcurl,
                         :retry_after_ms, :sent)
      @retry_after = retry_after_ms && (retry_after_ms / 1000.0)
      @sent = sent && SENT[sent]
    end

    # Where it was raised, beginning at the caller's line: without the frames of this library, which $DEBUG (ruby -d)
    # keeps.
    def backtrace = Backtrace.trim(super)
    def backtrace_locations = Backtrace.trim(super)

    # The output as text; bytes that are not UTF-8 are replaced.
    def text
      output && Text.of(output)
    end
  end
end
