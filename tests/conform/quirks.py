"""What servers are known to do otherwise than the protocol means it, and the suite puts up with.

A case that meets one of these names it and goes on. With --strict it fails. A new one is a line here, and the place in
a case that tolerates it.
"""

from __future__ import annotations

from enum import Enum


class Quirk(Enum):
    """The name is what the report prints (in small letters, with hyphens), the value says what it is."""

    # Warm sandboxes: run and run_stream with fast, and batch_run, which is always so.
    FAST_OUTPUT_TRIMMED = "with fast, white space at the end of the output is gone"
    FAST_EXIT_CODE_LOST = "with fast, a command that fails counts as one that does not"
    FAST_EXIT_CODE_IN_WORDS = "with fast, a command that fails is a failure of the server, without its exit code"
    FAST_ARGUMENTS_SPLIT = "with fast, a shell reads the arguments once more: quotes, spaces and $ have effects"
    BATCH_EXIT_CODE_LOST = "in a batch, a command that fails counts as one that does not"

    # Output
    OUTPUT_NOT_IN_ORDER = "stdout comes first, then stderr, whatever the order in which they were written"
    OUTPUT_LOSSY = "bytes of the output that are not UTF-8 are lost"
    EVENTS_AT_THE_END = "a stream's events come all at once, when the command has ended"
    DONE_CARRIES_OUTPUT = "what a failed command wrote comes with the done event and not before"
    SIGNAL_IS_MINUS_ONE = "a command that a signal killed has exit code -1"

    # Sandboxes
    DUPLICATE_IS_500 = "making a sandbox whose name is taken is a 500 and not a 409"
    MEMBERS_MISSING = "a sandbox is told without image, size, or time of creation"
    UUID_UNKNOWN = "a sandbox has no uuid of its own, so that it cannot be found by one"
    TEMPLATE_TEXT_TRIMMED = "white space around the help text of a sandbox's template is gone"
    STOP_LOSES_FILES = "a sandbox that was stopped and started has lost its files"
    SANDBOX_CALLS_QUEUE = "one command at a time: another one of the same server waits until it has ended"
    ABANDONED_COMMAND_RUNS_ON = "a command whose caller has gone runs on"
    LIFECYCLE_NOT_KEPT = (
        "a sandbox that was idle for as long as its lifecycle says is neither stopped nor archived nor removed"
    )
    TTL_NOT_KEPT = "a sandbox whose time to live is over is still there"

    # Files
    ENCODING_AFTER_CONTENT = "a file's encoding is told after its content, so that a client has to hold all of it"
    WRITE_FILES_ANSWERS_TEXT = "writing several files is answered by a sentence and not by their number"
    BACKSLASH_NOT_FOUND = "a file whose name has a backslash is written, and not found when it is read"
    DELETING_NOTHING_FAILS = "deleting a file that is not there is an error"

    # Detached commands
    DETACHED_EXIT_CODE_LOST = "a detached command that has ended is failed with 127, whatever its exit code was"
    DETACHED_ARGUMENTS_SPLIT = (
        "a shell reads the arguments of a detached command once more, and what follows the first space in one is lost"
    )
    DETACHED_STREAMS_JOINED = "stdout and stderr of a detached command are not kept apart"
    DETACHED_LIST_STALE = "the list of detached commands tells how they were when they were last asked for"
    DETACHED_ID_OF_ANY_SANDBOX = "a detached command is found under any sandbox's name"

    # Snapshots and logs
    RESTORE_NEVER_STARTS = "a restored sandbox is stopped although it was asked to run"
    RESTORE_DUPLICATE_IS_500 = "restoring to a name that is taken is a 500 and not a 409"
    LOGS_EMPTY = "nothing is logged"

    @property
    def title(self) -> str:
        """How the report calls it."""
        return self.name.lower().replace("_", "-")
