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

/** The base class of all errors of this package. Members that are undefined are not its own, and so are not shown. */
export class AgentKernelError extends Error {
    declare readonly code: string | undefined;
    declare readonly status: number | undefined;
    declare readonly serverText: string | undefined;
    declare readonly exitCode: number | undefined;
    declare readonly outputBytes: Buffer | undefined;
    /** The output of the failed command as text; bytes that are not UTF-8 are replaced. */
    declare readonly output: string | undefined;
    declare readonly retryAfter: number | undefined;
    declare readonly operation: string | undefined;
    declare readonly phase: string | undefined;
    declare readonly sent: Sent | undefined;

    constructor(message = "", details: ErrorDetails = {}) {
        const {cause, ...members} = details;
        super(message, cause === undefined ? undefined : {cause});
        this.name = new.target.name;
        const all = {...members, output: members.outputBytes?.toString()};
        Object.assign(this, Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
    }
}
