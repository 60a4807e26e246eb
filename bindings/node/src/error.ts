// The base class of errors, in its own module because the generated ones derive from it.

/** Whether a failed request may have been executed: nothing of it was sent, some was, or the server replied. */
export type Sent = "nothing" | "some" | "answered";

/** The members of an error besides its message. */
export interface ErrorDetails {
    /** The name of the kind of error, such as `"AK_E_TIMEOUT"`. */
    code?: string | undefined;
    /** The HTTP status of the reply; undefined if there was none. */
    status?: number | undefined;
    /** The server's own message. */
    serverText?: string | undefined;
    /** The exit code of the command that failed. */
    exitCode?: number | undefined;
    /** The output of that command, exactly. */
    outputBytes?: Buffer | undefined;
    /** Milliseconds after which the server allows a retry. */
    retryAfter?: number | undefined;
    /** The operation, such as `"run"`. */
    operation?: string | undefined;
    /** The phase: bind, resolve, connect, send, wait, receive or decode. */
    phase?: string | undefined;
    /** Whether the request may have been executed. After `"nothing"` repeating is safe. */
    sent?: Sent | undefined;
    cause?: unknown;
}

/** The base class of all errors of this package. */
export class AgentKernelError extends Error {
    readonly code: string | undefined;
    readonly status: number | undefined;
    readonly serverText: string | undefined;
    readonly exitCode: number | undefined;
    readonly outputBytes: Buffer | undefined;
    readonly retryAfter: number | undefined;
    readonly operation: string | undefined;
    readonly phase: string | undefined;
    readonly sent: Sent | undefined;

    constructor(message = "", details: ErrorDetails = {}) {
        const {cause, ...members} = details;
        super(message, cause === undefined ? undefined : {cause});
        this.name = new.target.name;
        Object.assign(this, members);
    }

    /** The output of the failed command as text; bytes that are not UTF-8 are replaced. */
    get output(): string | undefined {
        return this.outputBytes?.toString("utf8");
    }
}
