// A Readable of pieces. Its errors come by no call of the reader's, so their stack goes on with that of its creation.
import {Readable} from "node:stream";

/** A Readable of the pieces that `piece` returns until null. `end` is called when it is destroyed or has ended. */
export function readableOf(piece: () => Promise<Buffer | null>, end: () => void): Readable {
    const creation: {stack?: string} = {};
    Error.captureStackTrace(creation, readableOf);
    const readable: Readable = new Readable({
        highWaterMark: 0, // reads nothing ahead of the reader: an error must not overtake bytes
        read: () => {
            piece().then(
                (bytes) => readable.push(bytes),
                (error: unknown) => readable.destroy(continued(error as Error, creation)),
            );
        },
        destroy: (error, done) => {
            end();
            done(error);
        },
    });
    return readable;
}

/** The error, with the lines of another stack behind those of its own. */
function continued(error: Error, {stack}: {stack?: string}): Error {
    const lines = String(stack).split("\n");
    error.stack = [error.stack, ...lines.filter((line) => /^\s+at /.test(line))].join("\n");
    return error;
}
