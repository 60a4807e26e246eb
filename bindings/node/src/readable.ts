// A Readable of pieces.
import {Readable} from "node:stream";

/** A Readable of the pieces that `piece` returns until null. `end` is called when it is destroyed or has ended. */
export function readableOf(piece: () => Promise<Buffer | null>, end: () => void): Readable {
    const readable: Readable = new Readable({
        highWaterMark: 0, // reads nothing ahead of the reader: an error must not overtake bytes
        read: () => {
            piece().then(
                (bytes) => readable.push(bytes),
                (error: unknown) => readable.destroy(error as Error),
            );
        },
        destroy: (error, done) => {
            end();
            done(error);
        },
    });
    return readable;
}
