// Reads agentkernel.h and writes src/raw/abi.ts, so no list of signatures is kept by hand.
// Only what the header really has is understood; anything else is an error rather than something left out.
//
//     node generate.mjs            writes the file
//     node generate.mjs --print    prints what it would be
import {readFileSync, writeFileSync} from "node:fs";

const header = new URL("../../abi/include/agentkernel.h", import.meta.url);
const output = new URL("src/raw/abi.ts", import.meta.url);

let text = readFileSync(header, "utf8")
    .replaceAll(/\/\*.*?\*\//gs, " ")
    .replaceAll("\\\n", " ");
text = text.replaceAll(/#ifdef __cplusplus.*?#endif/gs, "");

const constants = [...text.matchAll(/^#define (AK_\w+)\s+\(?(-?\d+)\)?\s*$/gm)].map(([, name, value]) => [name, value]);
text = text.replaceAll(/^\s*#.*$/gm, "");

const structs = new Map();
text = text.replaceAll(/typedef struct (\w+)\s*\{([^}]*)\}\s*\w+\s*;/g, (_, name, body) => {
    structs.set(name, body.split(";").map(spaces).filter(Boolean));
    return "";
});
const aliases = new Map();
text = text.replaceAll(/typedef (\w+) (\w+)\s*;/g, (_, type, name) => (aliases.set(name, type), ""));
const handles = new Set();
text = text.replaceAll(/typedef struct (\w+) \w+\s*;/g, (_, name) => (handles.add(name), ""));

const functions = [];
text = text.replaceAll(/AK_API\s+([\w ]+?[\s*]+)(ak_\w+)\s*\(([^()]*)\)\s*;/g, (_, result, name, parameters) => {
    functions.push({name, result: ffiType(result, true), parameters: parametersOf(parameters)});
    return "";
});
if (text.trim() || functions.length === 0 || constants.length === 0) {
    throw new Error(`not understood: ${text.trim().slice(0, 200)}`);
}

function spaces(words) {
    return words.trim().replaceAll(/\s+/g, " ");
}

function parametersOf(list) {
    return spaces(list)
        .split(",")
        .filter((each) => spaces(each) !== "void")
        .map((each) => {
            const match = /^(.+?[\s*])(\w+)$/.exec(spaces(each));
            if (!match) throw new Error(`not understood: parameter ${each}`);
            return {
                name: match[2].replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase()),
                type: ffiType(match[1], false),
            };
        });
}

// Every pointer is an address or a buffer; only a text that is returned ends with NUL.
function ffiType(declared, returned) {
    const type = spaces(declared);
    if (type.endsWith("*")) return returned && type === "const char *" ? "const char *" : "void *";
    const base = aliases.get(type) ?? type;
    if (!["void", "int", "int32_t", "uint32_t", "int64_t", "size_t"].includes(base)) {
        throw new Error(`not understood: type ${type}`);
    }
    return base;
}

function scriptType(type, returned) {
    if (type === "void") return "void";
    if (type === "const char *") return "string | null";
    if (type === "void *") return returned ? "Pointer | null" : "Place";
    return type === "int64_t" ? "number | bigint" : "number";
}

// On 64-bit machines, which is all that the loader accepts.
function layout(members) {
    const sizes = {int32_t: 4, int64_t: 8, size_t: 8};
    let at = 0;
    const lines = members.map((member) => {
        const [, type, name] = /^(.+?[\s*])(\w+)$/.exec(member);
        const size = spaces(type).endsWith("*") ? 8 : sizes[spaces(type)];
        if (!size) throw new Error(`not understood: member ${member}`);
        at = Math.ceil(at / size) * size;
        at += size;
        return `    ${name}: ${at - size},`;
    });
    return [...lines, `    SIZE: ${Math.ceil(at / 8) * 8},`];
}

const lines = [
    "// Generated from agentkernel.h by generate.mjs; not to be edited.",
    "",
    "/** The address of an object of the library, or of bytes. */",
    "export type Pointer = number | bigint;",
    "/** What a function may be pointed to: an address, memory of the script, or nothing. */",
    "export type Place = Pointer | Uint8Array | Uint32Array | BigUint64Array | null;",
    "",
    ...constants.map(([name, value]) => `export const ${name} = ${value};`),
];
for (const [name, members] of structs) {
    lines.push(
        "",
        `/** Where the members of ${name} are, in bytes. */`,
        `export const ${name} = {`,
        ...layout(members),
        "} as const;",
    );
}
lines.push("", "/** Of each function its result and its parameters, as the loader takes them. */");
lines.push("export const SIGNATURES: Readonly<Record<keyof Library, readonly [string, readonly string[]]>> = {");
for (const {name, result, parameters} of functions) {
    lines.push(`    ${name}: ["${result}", [${parameters.map(({type}) => `"${type}"`).join(", ")}]],`);
}
lines.push(
    "};",
    "",
    `/** The library: ${[...handles].sort().join(", ")} are Pointers. */`,
    "export interface Library {",
);
for (const {name, result, parameters} of functions) {
    const list = parameters.map((each) => `${each.name}: ${scriptType(each.type, false)}`).join(", ");
    lines.push(`    ${name}(${list}): ${scriptType(result, true)};`);
}
lines.push("}", "");

if (process.argv.includes("--print")) process.stdout.write(lines.join("\n"));
else writeFileSync(output, lines.join("\n"));
