"""Installs what package.json of a folder names into that folder, unless it is there already.

Usage: install_koffi.py FOLDER
"""

import json
import pathlib
import shutil
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
wanted = json.loads((folder / "package.json").read_text())["dependencies"]["koffi"]
installed = folder / "node_modules/koffi/package.json"
if installed.exists() and json.loads(installed.read_text())["version"] == wanted:
    print(f"koffi {wanted} is there")
    sys.exit(0)
if not shutil.which("npm"):
    sys.exit("npm is not installed: it is needed for the example with Koffi")
# Its programs for each platform are packages; no script has to run.
sys.exit(
    subprocess.run(
        ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
        timeout=240,
    ).returncode
)
