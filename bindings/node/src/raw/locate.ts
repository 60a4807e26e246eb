// Finds the native library: at AGENTKERNEL_LIBRARY, in this package, in the package of this platform, or in the
// system's paths.
import {existsSync, readFileSync} from "node:fs";
import {dirname, join} from "node:path";
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
    const places: [string, () => string][] = [
        ["AGENTKERNEL_LIBRARY", fromEnvironment],
        ["beside the package", besidePackage],
        ["in the package of this platform", fromPlatformPackage],
        ["where the system looks", () => FILE],
    ];
    const tried: string[] = [];
    for (const [place, find] of places) {
        let path = "";
        try {
            path = find();
            return checked(load(path));
        } catch (error) {
            const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
            tried.push(`\n  ${place}${path && ` (${path})`}: ${why ?? ""}`);
        }
    }
    throw new Error(`the native library libagentkernel could not be loaded. Tried:${tried.join("")}`);
}

function fromEnvironment(): string {
    const path = process.env["AGENTKERNEL_LIBRARY"];
    if (!path) throw new Error("is not set");
    return path;
}

/** Where a build of the source tree has it. */
function besidePackage(): string {
    const path = join(PACKAGE, "native", `linux-${process.arch}`, FILE);
    if (!existsSync(path)) throw new Error(`there is no ${path}`);
    return path;
}

/** An optional dependency of this package, whose name only package.json knows. There may be one for each C library. */
function fromPlatformPackage(): string {
    const {optionalDependencies = {}} = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
        optionalDependencies?: Record<string, string>;
    };
    const platform = `linux-${process.arch}-${libc()}`;
    const name = Object.keys(optionalDependencies).find((each) => each.endsWith(`/${platform}`));
    if (name === undefined) throw new Error(`there is none for ${platform}`);
    return join(dirname(require.resolve(`${name}/package.json`)), FILE);
}

/** The C library that this process runs on: one made for another could be loaded, and would crash. */
function libc(): "gnu" | "musl" {
    return readFileSync("/proc/self/maps", "utf8").includes("/ld-musl-") ? "musl" : "gnu";
}

function checked(loaded: Loaded): Loaded {
    const version = loaded.functions.ak_version();
    if (version < AK_VERSION) throw new Error(`its version is ${shown(version)}, and ${shown(AK_VERSION)} is needed`);
    return loaded;
}

function shown(version: number): string {
    return [Math.trunc(version / 1000000), Math.trunc(version / 1000) % 1000, version % 1000].join(".");
}
