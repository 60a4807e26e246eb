// A registry of the packages in a folder, for what installs packages by their names.
import {createHash} from "node:crypto";
import {execFileSync} from "node:child_process";
import {readdirSync, readFileSync} from "node:fs";
import {createServer} from "node:http";
import type {AddressInfo} from "node:net";
import {join} from "node:path";

interface Manifest {
    name: string;
    version: string;
}

/** The manifest in an archive. */
export function manifestOf(archive: string): Manifest & Record<string, unknown> {
    const text = execFileSync("tar", ["-xzOf", archive, "package/package.json"], {encoding: "utf8"});
    return JSON.parse(text) as Manifest & Record<string, unknown>;
}

/** Serves the packages; returns its URL, and what ends it. */
export async function serve(folder: string): Promise<{url: string; end: () => void}> {
    const archives = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    const documents = new Map<string, string>();
    const server = createServer(({url = ""}, reply) => {
        const path = decodeURIComponent(url).slice(1);
        const found = archives.includes(path) ? readFileSync(join(folder, path)) : documents.get(path);
        reply.statusCode = found === undefined ? 404 : 200;
        reply.end(found ?? "{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
    for (const file of archives) {
        const manifest = manifestOf(join(folder, file));
        const integrity = `sha512-${createHash("sha512")
            .update(readFileSync(join(folder, file)))
            .digest("base64")}`;
        const versions = {[manifest.version]: {...manifest, dist: {tarball: url + file, integrity}}};
        const time = {[manifest.version]: "2020-01-01T00:00:00.000Z"}; // installers may refuse what is new
        const tags = {latest: manifest.version};
        documents.set(manifest.name, JSON.stringify({name: manifest.name, "dist-tags": tags, time, versions}));
    }
    return {
        url,
        end: () => {
            server.close();
            server.closeAllConnections();
        },
    };
}
