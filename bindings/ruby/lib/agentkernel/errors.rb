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
    # The exit code of the command that failed, and what it wrote (binary); nil for other errors.
    attr_reader :exit_code, :output
    # Seconds after which the server allows a retry; nil when it named no time.
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

    # The output as text; bytes that are not UTF-8 are replaced.
    def text
      output && Text.of(output)
    end
  end

  # An argument is invalid: found before anything was sent, or by the server (400).
  class ValidationError < Error; end

  # The API key is missing or wrong (401).
  class AuthError < Error; end

  # The server does not allow this (403).
  class ForbiddenError < Error; end

  # It does not exist (404).
  class NotFoundError < Error; end

  # It conflicts with what exists already (409).
  class ConflictError < Error; end

  # The command ran and exited with a code other than 0: see exit_code and output.
  class CommandError < Error; end

  # A size limit was exceeded: of the request (also 413), a reply or an event.
  class TooLargeError < Error; end

  # This server or its backend does not support it (422).
  class UnprocessableError < Error; end

  # Too many requests (429): see retry_after.
  class QuotaError < Error; end

  # The server failed (5xx), or replied with a status that has no class of its own.
  class ServerError < Error; end

  # There was no complete reply: a failure of name resolution, connection, TLS or transfer. The code tells them apart.
  class NetworkError < Error; end

  # A deadline passed.
  class TimeoutError < NetworkError; end

  # The process or the system is out of file descriptors, even after garbage collection of forgotten ones. A call in
  # flight holds five.
  class DescriptorsError < NetworkError; end

  # The stream ended without its final event, or readpartial met an error event.
  class StreamError < Error; end

  # The reply does not follow the protocol.
  class ProtocolError < Error; end

  # The call was cancelled.
  class CancelledError < Error; end

  # The call belongs to the process that this one was forked from. The client may be used in both.
  class ForkedError < Error; end

  # By the name of the status; what is not here is a plain Error.
  CLASSES = {
    "AK_E_ARGUMENT" => ValidationError,
    "AK_E_RESOLVE" => NetworkError,
    "AK_E_CONNECT" => NetworkError,
    "AK_E_TLS" => NetworkError,
    "AK_E_NETWORK" => NetworkError,
    "AK_E_TIMEOUT" => TimeoutError,
    "AK_E_CANCELLED" => CancelledError,
    "AK_E_FORKED" => ForkedError,
    "AK_E_TRUNCATED" => StreamError,
    "AK_E_PROTOCOL" => ProtocolError,
    "AK_E_TOO_LARGE" => TooLargeError,
    "AK_E_DESCRIPTORS" => DescriptorsError,
    "AK_E_REDIRECT" => ServerError,
    "AK_E_HTTP" => ServerError,
    "AK_E_BAD_REQUEST" => ValidationError,
    "AK_E_UNAUTHORIZED" => AuthError,
    "AK_E_FORBIDDEN" => ForbiddenError,
    "AK_E_NOT_FOUND" => NotFoundError,
    "AK_E_CONFLICT" => ConflictError,
    "AK_E_COMMAND" => CommandError,
    "AK_E_BODY_TOO_LARGE" => TooLargeError,
    "AK_E_UNPROCESSABLE" => UnprocessableError,
    "AK_E_QUOTA" => QuotaError,
    "AK_E_SERVER" => ServerError
  }.freeze
  private_constant :CLASSES
end
