"""What accompanies the packages: checksums, and a list of all that is inside (CycloneDX)."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from .settings import OUT, PACKAGES, SOURCES, VERSION
from .sources import pinned


def _component(name: str) -> dict[str, Any]:
    found = pinned(name)
    crate = name in SOURCES["crates"]
    kind, origin, version = (
        ("cargo", found["crate"], found["crate_version"])
        if crate
        else ("deb/debian", found["source"], found["version"])
    )
    return {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": found["version"],
        "licenses": [{"expression": found["license"]}],
        "purl": f"pkg:{kind}/{origin}@{version.replace('+', '%2B').replace(':', '%3A')}",
        "hashes": [{"alg": "SHA-256", "content": found["sha256"]}],
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def packed() -> list[Path]:
    """Every file in dist/ but these documents."""
    own = {OUT / "SHA256SUMS", OUT / "agentkernel.cdx.json"}
    return sorted(path for path in OUT.rglob("*") if path.is_file() and path not in own)


def write_documents() -> None:
    names = [*SOURCES["crates"], *SOURCES["debian"]]
    parts = {
        "libagentkernel": ["openssl", "curl", "cjson"],
        "agentkernel-local": ["cjson", "libmicrohttpd"],
        "bwrap": ["bubblewrap", "libcap"],
    }
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, PACKAGES['repository'] + VERSION)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": "agentkernel",
                "name": "agentkernel",
                "version": VERSION,
                "licenses": [{"license": {"id": PACKAGES["license"]}}],
            }
        },
        "components": [
            *(_component(name) for name in names),
            *(
                {
                    "type": "application" if part != "libagentkernel" else "library",
                    "bom-ref": part,
                    "name": part,
                    "version": VERSION if part != "bwrap" else pinned("bubblewrap")["version"],
                }
                for part in parts
            ),
            *(
                {
                    "type": "file",
                    "bom-ref": str(path.relative_to(OUT)),
                    "name": str(path.relative_to(OUT)),
                    "hashes": [{"alg": "SHA-256", "content": _sha256(path)}],
                }
                for path in packed()
            ),
        ],
        "dependencies": [
            {"ref": "agentkernel", "dependsOn": list(parts)},
            *({"ref": part, "dependsOn": inside} for part, inside in parts.items()),
        ],
    }
    (OUT / "agentkernel.cdx.json").write_text(json.dumps(bom, indent=1) + "\n")
    lines = [f"{_sha256(path)}  {path.relative_to(OUT)}\n" for path in [*packed(), OUT / "agentkernel.cdx.json"]]
    (OUT / "SHA256SUMS").write_text("".join(sorted(lines, key=lambda line: line[66:])))
