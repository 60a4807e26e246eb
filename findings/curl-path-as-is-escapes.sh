#!/usr/bin/env bash
# libcurl 8.21.0 rewrites the escapes of a path in spite of CURLOPT_PATH_AS_IS: %2e goes out as %2E. 8.19.0 sends what it
# was given. Whoever compares what a server got with what was asked for, byte by byte, has to allow for both.
#
# Versions: pycurl 7.46.0 (its wheel holds libcurl 8.19.0) and 7.47.0 (libcurl 8.21.0), from PyPI.
# Output seen:
#   libcurl/8.19.0: GET /a/%2e%2e/b%2fc
#   libcurl/8.21.0: GET /a/%2E%2E/b%2Fc
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/ask.py" <<'PY'
import socket
import threading

import pycurl

listener = socket.create_server(("127.0.0.1", 0))


def answer() -> None:
    connection, _ = listener.accept()
    line = connection.recv(65536).split(b"\r\n")[0].decode()
    print(f"{pycurl.version.split()[1]}: {line.removesuffix(' HTTP/1.1')}")
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


thread = threading.Thread(target=answer)
thread.start()
curl = pycurl.Curl()
curl.setopt(pycurl.URL, f"http://127.0.0.1:{listener.getsockname()[1]}/a/%2e%2e/b%2fc")
curl.setopt(pycurl.PATH_AS_IS, 1)
curl.setopt(pycurl.PROXY, "")
curl.perform()
thread.join()
PY

for version in 7.46.0 7.47.0; do
    python3 -m pip install --quiet --root-user-action=ignore --only-binary :all: --target "$folder/$version" "pycurl==$version"
    PYTHONPATH="$folder/$version" python3 "$folder/ask.py"
done | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
libcurl/8.19.0: GET /a/%2e%2e/b%2fc
libcurl/8.21.0: GET /a/%2E%2E/b%2Fc
SEEN
