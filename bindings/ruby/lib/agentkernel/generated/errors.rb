# Generated from abi/schema by tools/generate: do not edit.
# frozen_string_literal: true

module AgentKernel
  # An argument is invalid: found before anything was sent, or by the server (400).
  class ValidationError < Error; end

  # The API key is missing or wrong (401).
  class AuthError < Error; end

  # The server does not allow this (403).
  class ForbiddenError < Error; end

  # It does not exist (404).
  class NotFoundError < Error; end

  # It conflicts with the current state, such as a name that is taken (409).
  class ConflictError < Error; end

  # The command ran and exited with a code other than 0. The error has the code and the output.
  class CommandError < Error; end

  # A size limit was exceeded: of the request (also 413), a reply or an event.
  class TooLargeError < Error; end

  # This server or its backend does not support it (422).
  class UnprocessableError < Error; end

  # Too many requests (429). The error has the time of a retry, if the server named one.
  class QuotaError < Error; end

  # The server failed (5xx), or replied with a status that has no class of its own.
  class ServerError < Error; end

  # No complete reply: name resolution, connection, TLS or transfer failed. The code tells them apart.
  class NetworkError < Error; end

  # A deadline passed.
  class TimeoutError < NetworkError; end

  # The process or the system is out of file descriptors; each call in flight holds five.
  class DescriptorsError < NetworkError; end

  # The stream ended without its final event, or its bytes were read and an error event came.
  class StreamError < Error; end

  # The reply violates the protocol.
  class ProtocolError < Error; end

  # The call was cancelled.
  class CancelledError < Error; end

  # The call belongs to the process that this one was forked from. The client may be used in both.
  class ForkedError < Error; end

  # By the name of the status; what is not here is a plain Error.
  CLASSES = {
    "AK_E_ARGUMENT" => ValidationError,
    "AK_E_BAD_REQUEST" => ValidationError,
    "AK_E_UNAUTHORIZED" => AuthError,
    "AK_E_FORBIDDEN" => ForbiddenError,
    "AK_E_NOT_FOUND" => NotFoundError,
    "AK_E_CONFLICT" => ConflictError,
    "AK_E_COMMAND" => CommandError,
    "AK_E_TOO_LARGE" => TooLargeError,
    "AK_E_BODY_TOO_LARGE" => TooLargeError,
    "AK_E_UNPROCESSABLE" => UnprocessableError,
    "AK_E_QUOTA" => QuotaError,
    "AK_E_SERVER" => ServerError,
    "AK_E_REDIRECT" => ServerError,
    "AK_E_HTTP" => ServerError,
    "AK_E_NETWORK" => NetworkError,
    "AK_E_RESOLVE" => NetworkError,
    "AK_E_CONNECT" => NetworkError,
    "AK_E_TLS" => NetworkError,
    "AK_E_TIMEOUT" => TimeoutError,
    "AK_E_DESCRIPTORS" => DescriptorsError,
    "AK_E_TRUNCATED" => StreamError,
    "AK_E_PROTOCOL" => ProtocolError,
    "AK_E_CANCELLED" => CancelledError,
    "AK_E_FORKED" => ForkedError
  }.freeze
  private_constant :CLASSES
end
