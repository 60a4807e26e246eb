// Generated from abi/schema by tools/generate: do not edit.
import {AgentKernelError} from "../error.js";

/** An argument is invalid: found before anything was sent, or by the server (400). */
export class ValidationError extends AgentKernelError {}
/** The API key is missing or wrong (401). */
export class AuthError extends AgentKernelError {}
/** The server does not allow this (403). */
export class ForbiddenError extends AgentKernelError {}
/** It does not exist (404). */
export class NotFoundError extends AgentKernelError {}
/** It conflicts with the current state, such as a name that is taken (409). */
export class ConflictError extends AgentKernelError {}
/** The command ran and exited with a code other than 0. The error has the code and the output. */
export class CommandError extends AgentKernelError {}
/** A size limit was exceeded: of the request (also 413), a reply or an event. */
export class TooLargeError extends AgentKernelError {}
/** This server or its backend does not support it (422). */
export class UnprocessableError extends AgentKernelError {}
/** Too many requests (429). The error has the time of a retry, if the server named one. */
export class QuotaError extends AgentKernelError {}
/** The server failed (5xx), or replied with a status that has no class of its own. */
export class ServerError extends AgentKernelError {}
/** No complete reply: name resolution, connection, TLS or transfer failed. The code tells them apart. */
export class NetworkError extends AgentKernelError {}
/** A deadline passed. */
export class TimeoutError extends NetworkError {}
/** The process or the system is out of file descriptors; each call in flight holds five. */
export class DescriptorsError extends NetworkError {}
/** The stream ended without its final event, or its bytes were read and an error event came. */
export class StreamError extends AgentKernelError {}
/** The reply violates the protocol. */
export class ProtocolError extends AgentKernelError {}
/** The call was cancelled. */
export class AbortError extends AgentKernelError {}
