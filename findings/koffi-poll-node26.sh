#!/usr/bin/env bash
# Koffi 3.3.4 on Node 26.10.0: what the callback of koffi.node.poll settles is not gone on with when the callback returns.
# The callback itself is called in time (a millisecond), but `await` on a promise that it resolves, and process.nextTick in
# it, go on only with the next event that the runtime itself handles, here a timer of 1 s that has nothing to do with it.
# The same program with Node 24.21.0 goes on at once. What helps: something that the runtime calls in the same turn of the
# loop, such as an empty setImmediate in the callback.
#
# Seen:
#   v24.21.0 resolved in the callback: at once
#   v24.21.0 the same, and an empty setImmediate: at once
#   v26.10.0 resolved in the callback: with the timer
#   v26.10.0 the same, and an empty setImmediate: at once
#
# Exits with 0 when this is so still.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
arch=$(node -p process.arch 2>/dev/null || uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock \
    koffi@3.3.4 "node24@npm:node-linux-$arch@24.21.0" "node26@npm:node-linux-$arch@26.10.0"

cat >poll.cjs <<'JS'
const koffi = require("koffi");
const eventfd = koffi.load(null).func("int eventfd(uint32_t, int)");
const immediate = process.argv[2] === "immediate";
const what = immediate ? "the same, and an empty setImmediate" : "resolved in the callback";
let fired = false;
setTimeout(() => (fired = true), 1000);

const readable = new Promise((resolve) => {
    const watch = koffi.node.poll(eventfd(1, 0), () => { // readable from the beginning
        watch.close();
        resolve(fired);
        if (immediate) setImmediate(() => undefined);
    });
});
readable.then((late) => {
    if (late) throw new Error("the callback itself was late");
    console.log(`${process.version} ${what}: ${fired ? "with the timer" : "at once"}`);
});
JS

for node in node24 node26; do
    for way in plain immediate; do "node_modules/$node/bin/node" poll.cjs $way; done
done | tee seen
diff - seen <<'SEEN'
v24.21.0 resolved in the callback: at once
v24.21.0 the same, and an empty setImmediate: at once
v26.10.0 resolved in the callback: with the timer
v26.10.0 the same, and an empty setImmediate: at once
SEEN
