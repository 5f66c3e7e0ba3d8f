"""`./haitu check`: everything that can be known about the code without running the shop."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from haitu.commands import ROOT, messages

TOOLS = Path(sys.executable).parent
LOCK_FILES = (".lock", "package-lock.json", "npm-shrinkwrap.json")
# Written so that this file does not match itself.
ADDRESSES = re.compile(
    rb"files\.pythonhoste[d]|pypi\.org/simpl[e]|registry\.npmj[s]|registry\.yarnpk[g]|artifactor[y]"
    rb"|/(?:root|home/[a-z]\w*)/(?:\.\w|src/|code/|projects?/)|file:///(?:opt|srv|work|usr)/"
)


def main(arguments: list[str]) -> int:
    """Runs all checks, or the named ones; a line for each, and what it found."""
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(f"haitu check: no check {', '.join(unknown)}; there are {', '.join(CHECKS)}.", file=sys.stderr)
        return 2
    failed = [name for name in arguments or CHECKS if not _passes(name)]
    if failed:
        print(f"haitu check: failed: {', '.join(failed)}")
    return 1 if failed else 0


def _passes(name: str) -> bool:
    started = time.monotonic()
    found = CHECKS[name]()
    print(f"{'FAIL' if found else 'ok  '} {name:<13} {time.monotonic() - started:5.1f} s", flush=True)
    if found:
        print(found.rstrip(), flush=True)
    return not found


def _output(*command: str, environment: dict[str, str] | None = None) -> str:
    """What a tool said if it failed; nothing if it passed."""
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return "" if done.returncode == 0 else done.stdout or f"{command[0]} ended with {done.returncode}"


def _manage(*command: str, environment: dict[str, str]) -> str:
    """Django's word, from a process that has its own empty folder and none of our settings."""
    with tempfile.TemporaryDirectory() as folder:
        inherited = {name: "" for name in os.environ if name.startswith("HAITU_")}
        given = inherited | {"HAITU_VAR": folder} | environment
        return _output(sys.executable, "-W", "error", "-m", "haitu", "manage", *command, environment=given)


def format_() -> str:
    return _output(sys.executable, "-m", "ruff", "format", "--check", ".")


def lint() -> str:
    return _output(sys.executable, "-m", "ruff", "check", "--quiet", ".")


def types() -> str:
    with tempfile.TemporaryDirectory() as folder:  # the Django plugin reads the settings
        return _output(sys.executable, "-m", "mypy", environment={"HAITU_VAR": folder})


def imports() -> str:
    return _output(str(TOOLS / "lint-imports"))


def migrations() -> str:
    return _manage("makemigrations", "--check", "--dry-run", environment={})


def translations() -> str:
    return "\n".join(messages.problems())


def addresses() -> str:
    """No registry's address in a lock, no path of somebody's machine in any tracked file."""
    return "\n".join(f"{path}: {found}" for path in _tracked_files() for found in _addresses_in(path))


def _tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]


def _addresses_in(path: str) -> list[str]:
    content = (ROOT / path).read_bytes()
    if b"\0" in content[:8192]:
        return []
    found = [match[0].decode(errors="replace") for match in ADDRESSES.finditer(content)]
    if str(ROOT).count("/") > 1 and f"{ROOT}/".encode() in content:
        found.append("the path of this checkout")
    if path.endswith(LOCK_FILES) and b"://" in content:
        found.append("an address in a lock file")
    return found


def deploy() -> str:
    """Django's own deploy check, under the settings of a shop that others can reach."""
    trade = {
        "HAITU_HOSTS": "shop.example",
        "HAITU_DATABASE": "postgresql://haitu@localhost/haitu",
        "HAITU_MAIL": "smtp://localhost:25",
    }
    return _manage("check", "--deploy", "--fail-level", "WARNING", environment=trade)


CHECKS: dict[str, Callable[[], str]] = {
    "format": format_,
    "lint": lint,
    "types": types,
    "imports": imports,
    "migrations": migrations,
    "translations": translations,
    "addresses": addresses,
    "deploy": deploy,
}
