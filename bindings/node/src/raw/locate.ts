// Finds the native library: in this package, at AGENTKERNEL_LIBRARY, or in the system's paths.
import {existsSync} from "node:fs";
import {join} from "node:path";
import {AK_VERSION} from "./abi.js";
import {load} from "./koffi.js";
import type {Loaded} from "./koffi.js";

const FILE = "libagentkernel.so.0";
const PACKAGE = join(__dirname, "..", "..");
/** The architectures with pointers of eight bytes, in little-endian order. */
const ARCHITECTURES = ["x64", "arm64", "riscv64", "loong64"];

/** Loads the library, or throws an error that names every place that was tried and why it failed. */
export function locate(): Loaded {
    if (process.platform !== "linux" || !ARCHITECTURES.includes(process.arch)) {
        const wanted = `Linux (${ARCHITECTURES.join(", ")})`;
        throw new Error(`agentkernel runs on ${wanted}, not on ${process.platform} ${process.arch}`);
    }
    const places: [string, string | undefined][] = [
        ["beside the package", join(PACKAGE, "native", `linux-${process.arch}`, FILE)],
        ["AGENTKERNEL_LIBRARY", process.env["AGENTKERNEL_LIBRARY"]],
        ["where the system looks", FILE],
    ];
    const tried: string[] = [];
    for (const [place, path] of places) {
        try {
            if (!path) throw new Error("is not set");
            if (path.startsWith(PACKAGE) && !existsSync(path)) throw new Error("there is no such file");
            return checked(load(path));
        } catch (error) {
            tried.push(
                `\n  ${place}${path ? ` (${path})` : ""}: ${error instanceof Error ? error.message : String(error)}`,
            );
        }
    }
    throw new Error(`the native library libagentkernel could not be loaded. Tried:${tried.join("")}`);
}

function checked(loaded: Loaded): Loaded {
    const version = loaded.functions.ak_version();
    if (version < AK_VERSION) throw new Error(`its version is ${shown(version)}, and ${shown(AK_VERSION)} is needed`);
    return loaded;
}

function shown(version: number): string {
    return [Math.trunc(version / 1000000), Math.trunc(version / 1000) % 1000, version % 1000].join(".");
}
