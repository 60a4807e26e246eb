// Generated from abi/schema by tools/generate: do not edit.
/** Reads one of the members that are not in every event. @internal */
export const MEMBER = Symbol("member");

/** An event of a running command. Which fields are set depends on its type. */
export abstract class EventMembers {
    /** @internal */
    protected abstract [MEMBER](name: string): unknown;

    /** The output stream: stdout or stderr. */
    get stream(): string | undefined {
        return this[MEMBER]("stream") as string | undefined;
    }

    /** The exit code of the command. */
    get exit_code(): number | undefined {
        return this[MEMBER]("exit_code") as number | undefined;
    }

    /** Whether the exit code is 0, in a done event. */
    get success(): boolean | undefined {
        return this[MEMBER]("success") as boolean | undefined;
    }

    /** What went wrong, in an error event. */
    get message(): string | undefined {
        return this[MEMBER]("message") as string | undefined;
    }

    /** The program and its arguments, passed on byte for byte. */
    get command(): readonly (string | null)[] | undefined {
        return this[MEMBER]("command") as readonly (string | null)[] | undefined;
    }

    /** Whether a warm sandbox is used, in a started event. */
    get fast(): boolean | undefined {
        return this[MEMBER]("fast") as boolean | undefined;
    }

    /** The time, in RFC 3339 format. */
    get timestamp(): string | undefined {
        return this[MEMBER]("timestamp") as string | undefined;
    }

    /** How far the sandbox is, such as sandbox_created, in a progress event. */
    get stage(): string | undefined {
        return this[MEMBER]("stage") as string | undefined;
    }

    /** The name of the sandbox. */
    get sandbox(): string | undefined {
        return this[MEMBER]("sandbox") as string | undefined;
    }

    /** Whether the command was killed for exceeding its memory limit. */
    get oom(): boolean | undefined {
        return this[MEMBER]("oom") as boolean | undefined;
    }
}
