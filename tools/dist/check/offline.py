"""Runs a command without a network, and beside it a server that speaks TLS, with an authority of its own.

offline.py SERVER COMMAND...: CHECK_URL and CHECK_CA say where it is and whom to trust. With CHECK_LAYOUT (debian,
fedora or alpine) the authority is one of the system's instead, where such a system keeps them.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET, MS_REC_PRIVATE = 0x20000, 0x40000000, 0x4000 | 0x40000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
LAYOUTS = {
    "debian": "/etc/ssl/certs/ca-certificates.crt",
    "fedora": "/etc/pki/tls/certs/ca-bundle.crt",
    "alpine": "/etc/ssl/cert.pem",
}


def leave_network() -> None:
    """Into namespaces where there is only this machine's loopback, and mounts are this process's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "no namespaces")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def certificate(folder: Path) -> None:
    """ca.pem, and server.pem for localhost that it signed."""
    script = """
        exec 2>/dev/null
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=check-ca
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
        echo subjectAltName=DNS:localhost >ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem
    """
    subprocess.run(["sh", "-ec", script], cwd=folder, check=True)


def place(layout: str, authority: Path) -> None:
    """The system's certificates are in this one place, and nowhere else."""
    libc = ctypes.CDLL(None, use_errno=True)
    for folder in ("/etc/ssl", "/etc/pki"):
        os.makedirs(folder, exist_ok=True)
        if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, None):
            raise OSError(ctypes.get_errno(), folder)
    target = Path(LAYOUTS[layout])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(authority.read_text())


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """What comes by TLS goes on to the plain server."""
    while True:
        plain = listener.accept()[0]
        try:
            inner = context.wrap_socket(plain, server_side=True)
        except OSError:
            continue
        onward = socket.create_connection(("127.0.0.1", port))
        for pair in ((inner, onward), (onward, inner)):
            threading.Thread(target=copy, args=pair, daemon=True).start()


def main() -> int:
    program, *command = sys.argv[1:]
    leave_network()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        certificate(folder)
        server = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--state", str(folder / "state")], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout
        found = re.search(r"http://127.0.0.1:(\d+)", server.stdout.readline())
        if not found:
            return 1
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(listener, context, int(found[1])), daemon=True).start()
        env = {
            **{key: value for key, value in os.environ.items() if key not in ("SSL_CERT_FILE", "SSL_CERT_DIR")},
            "CHECK_URL": f"https://localhost:{listener.getsockname()[1]}",
            "CHECK_CA": str(folder / "ca.pem"),
        }
        layout = os.environ.get("CHECK_LAYOUT")
        if layout:
            place(layout, folder / "ca.pem")
        status = subprocess.run(command, env=env).returncode
        server.terminate()
        server.wait()
    return status


if __name__ == "__main__":
    sys.exit(main())
