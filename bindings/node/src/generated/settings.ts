// Generated from abi/schema by tools/generate: do not edit.
import * as abi from "../raw/abi.js";

/**
 * Client settings: the value set, else the environment variable, else the default. Timeouts are in milliseconds:
 * Infinity is none, and 0 leaves no time at all.
 */
export interface AgentKernelOptions {
    /**
     * The server: http://, https://, unix:///path.sock, or local: for one of this process's own. Default:
     * AGENTKERNEL_BASE_URL, else http://localhost:18888.
     */
    baseUrl?: string | undefined;
    /** The API key; write-only. Default: AGENTKERNEL_API_KEY, else none. */
    apiKey?: string | undefined;
    /** Milliseconds for a unary call, from its first step to the last byte. Default: 30000. */
    timeout?: number | undefined;
    /** Milliseconds for connecting, of streams too. Default: 10000. */
    connectTimeout?: number | undefined;
    /** Milliseconds that a stream may be silent after its first byte. Default: 60000. */
    idleTimeout?: number | undefined;
    /** Milliseconds for a whole stream. Default: none. */
    totalTimeout?: number | undefined;
    /** File of trusted certificates (PEM). Default: AGENTKERNEL_CA_FILE, else the system's. */
    caFile?: string | undefined;
    /** Hashed directory of trusted certificates. Default: AGENTKERNEL_CA_DIR, else the system's. */
    caDir?: string | undefined;
    /** Client certificate (PEM). Default: AGENTKERNEL_CERT_FILE, else none. */
    certFile?: string | undefined;
    /** Private key of the client certificate (PEM). Default: AGENTKERNEL_KEY_FILE, else none. */
    keyFile?: string | undefined;
    /**
     * URL of a proxy. Those of the environment are not used for loopback addresses. Default: http_proxy, https_proxy,
     * all_proxy, else none.
     */
    proxy?: string | undefined;
    /** Hosts that are reached without a proxy, separated by commas. Default: no_proxy, else none. */
    noProxy?: string | undefined;
    /** Maximum size of the reply of a unary call. Default: 64 MiB. */
    maxReplyBytes?: number | bigint | undefined;
    /** Maximum size of an event of a stream. Default: 64 MiB. */
    maxEventBytes?: number | bigint | undefined;
    /** Text appended to the user agent "libagentkernel/VERSION". Default: none. */
    userAgent?: string | undefined;
    /** Number of idle connections kept for later calls; 0 keeps none. Default: 64. */
    maxIdle?: number | bigint | undefined;
    /**
     * Absolute path of the agentkernel-local that local: starts. Default: AGENTKERNEL_LOCAL, else the one that comes
     * with the library or is in PATH.
     */
    localProgram?: string | undefined;
}

/** By option: the library's setting, and its type. @internal */
export const SETTINGS: ReadonlyMap<string, readonly [number, "text" | "int" | "timeout"]> = new Map([
    ["baseUrl", [abi.AK_CLIENT_BASE_URL, "text"]],
    ["apiKey", [abi.AK_CLIENT_API_KEY, "text"]],
    ["timeout", [abi.AK_CLIENT_TIMEOUT_MS, "timeout"]],
    ["connectTimeout", [abi.AK_CLIENT_CONNECT_TIMEOUT_MS, "timeout"]],
    ["idleTimeout", [abi.AK_CLIENT_IDLE_TIMEOUT_MS, "timeout"]],
    ["totalTimeout", [abi.AK_CLIENT_TOTAL_TIMEOUT_MS, "timeout"]],
    ["caFile", [abi.AK_CLIENT_CA_FILE, "text"]],
    ["caDir", [abi.AK_CLIENT_CA_DIR, "text"]],
    ["certFile", [abi.AK_CLIENT_CERT_FILE, "text"]],
    ["keyFile", [abi.AK_CLIENT_KEY_FILE, "text"]],
    ["proxy", [abi.AK_CLIENT_PROXY, "text"]],
    ["noProxy", [abi.AK_CLIENT_NO_PROXY, "text"]],
    ["maxReplyBytes", [abi.AK_CLIENT_MAX_REPLY_BYTES, "int"]],
    ["maxEventBytes", [abi.AK_CLIENT_MAX_EVENT_BYTES, "int"]],
    ["userAgent", [abi.AK_CLIENT_USER_AGENT, "text"]],
    ["maxIdle", [abi.AK_CLIENT_MAX_IDLE, "int"]],
    ["localProgram", [abi.AK_CLIENT_LOCAL_PROGRAM, "text"]],
]);
