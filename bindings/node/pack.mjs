// Packs the library's package, and a package of native parts for each target. What they are called, and their version,
// stands in tools/dist/packages.json.
import {execFileSync} from "node:child_process";
import {chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from "node:fs";
import {basename, dirname, join} from "node:path";

// The stage has the compiled sources in agentkernel/dist.
const [, , tree, stage, native, out, ...targets] = process.argv;
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const {version, license, author, homepage, repository, names, platforms} = json(join(tree, "tools/dist/packages.json"));
const common = {
    version,
    license,
    author,
    homepage,
    repository: {type: "git", url: repository},
    publishConfig: {access: "public"},
};
const LIBC = {gnu: "glibc", musl: "musl"}; // as npm calls it

process.umask(0o022); // modes are in the archives

const nameOf = (target) => names.npm_platform.replace("{platform}", platforms[target].node);

function put(from, folder, mode = 0o644) {
    mkdirSync(folder, {recursive: true});
    const to = join(folder, basename(from));
    copyFileSync(from, to);
    chmodSync(to, mode);
}

function pack(folder, content) {
    writeFileSync(join(folder, "package.json"), JSON.stringify(content, null, 4) + "\n");
    put(join(tree, "LICENSE"), folder);
    const options = ["--pack-destination", out, "--ignore-scripts", "--loglevel", "error"];
    execFileSync("npm", ["pack", folder, ...options], {stdio: "inherit"});
}

function packLibrary() {
    const folder = join(stage, "agentkernel");
    // eslint-disable-next-line no-unused-vars -- left out
    const {devDependencies, ...own} = json(join(tree, "bindings/node/package.json"));
    const all = Object.keys(platforms).filter((target) => platforms[target].node);
    const optionalDependencies = Object.fromEntries(all.map((target) => [nameOf(target), version]));
    put(join(tree, "bindings/node/README.md"), folder);
    pack(folder, {...own, ...common, name: names.npm, files: ["dist"], optionalDependencies});
}

function packNative(target) {
    const folder = join(stage, target);
    const from = join(native, target);
    const [os, cpu, libc] = platforms[target].node.split("-");
    for (const file of ["lib/libagentkernel.so.0", "bin/agentkernel-local", "bin/bwrap"])
        put(join(from, file), folder, 0o755);
    const texts = join(from, "share/licenses");
    for (const path of readdirSync(texts, {recursive: true})) {
        if (statSync(join(texts, path)).isFile()) put(join(texts, path), join(folder, "licenses", dirname(path)));
    }
    const description = `The native parts of ${names.npm} for ${os}, ${cpu}, ${LIBC[libc]}`;
    writeFileSync(
        join(folder, "README.md"),
        `# ${nameOf(target)}\n\n${description}. Install that package, not this one.\n`,
    );
    pack(folder, {
        name: nameOf(target),
        description,
        ...common,
        license: "SEE LICENSE IN licenses", // of every part
        os: [os],
        cpu: [cpu],
        libc: [LIBC[libc]],
        preferUnplugged: true, // Yarn: the library is opened and the server started by their paths
    });
}

packLibrary();
for (const target of targets.length > 0 ? targets : readdirSync(native).sort()) packNative(target);
