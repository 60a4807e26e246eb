// Records that are more than their fields.
import {natural, show} from "./record.js";
import type {Fields} from "./record.js";
import * as generated from "./generated/records.js";

/** The output and exit code of a command. */
export class RunOutput extends generated.RunOutput {
    /** The record as the server sent it (JSON). */
    override get raw(): string {
        return super.raw ?? "";
    }

    /** The fields, and all members of the record as the server sent it. */
    override toJSON(): unknown {
        return {...(super.toJSON() as object), ...(JSON.parse(this.raw) as object)};
    }
}

/** A file of a sandbox. */
export class FileReadResponse extends generated.FileReadResponse {
    /** The content as in the official SDK: text, or base64, depending on `encoding`. */
    declare readonly content: string;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        if (this.encoding === "base64") show(this, "content", this.contentBytes, "base64");
    }

    /** The content as text; bytes that are not UTF-8 are replaced. */
    get text(): string {
        return this.contentBytes.toString();
    }
}

/** The reply to an arbitrary request. */
export class Reply extends generated.Reply {
    /** The content as JSON. Throws SyntaxError if it is not JSON. */
    json(): unknown {
        return JSON.parse(this.content);
    }
}

/** @internal */
export function detachedCommand(fields: Fields): generated.DetachedCommand {
    fields["exit_code"] ??= null;
    return natural(fields);
}

/** @internal */
export function logEntry(fields: Fields): generated.LogEntry {
    return natural({...(JSON.parse(fields["raw"] as string) as Fields), ...fields});
}

/** The results in the order of the commands. */
export interface BatchRunResponse {
    readonly results: generated.BatchResult[];
}
