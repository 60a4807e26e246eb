// Parts of the options of several operations, for programs that pass them on.
import type {ExecOptions, RunOptions} from "./generated/options.js";

/** The sandbox for one command. */
export type SandboxChoice = Pick<RunOptions, "image" | "profile" | "fast">;

/** Whether a failing command is an error. */
export type Checked = Pick<ExecOptions, "check">;
