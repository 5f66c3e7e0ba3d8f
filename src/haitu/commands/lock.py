"""`./haitu lock`: writes requirements.lock, every package with its hashes and no address."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from haitu.commands import ROOT

COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11"]
COMPILE += ["--no-header", "--no-emit-index-url", "--group", "dev"]


def main(arguments: list[str]) -> int:
    """Keeps the pins that still fit; `--upgrade` looks for newer ones."""
    lock = ROOT / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / lock.name
        shutil.copy(lock, draft)
        command = [sys.executable, "-m", *COMPILE, *arguments, "-o", str(draft), "pyproject.toml"]
        environment = os.environ | {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            return done.returncode
        text = draft.read_text()
    if "://" in text:
        print("haitu lock: the result names an address; nothing was written.", file=sys.stderr)
        return 1
    lock.write_text(text)
    print("requirements.lock is written; the next ./haitu installs it.")
    return 0
