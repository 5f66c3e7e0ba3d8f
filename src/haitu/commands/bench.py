"""`./haitu bench`: runs the measurements in bench/, each in a process of its own, one after the other."""

import ast
import subprocess
import sys
from pathlib import Path

from haitu.commands import ROOT


def main(arguments: list[str]) -> int:
    """Runs the named benches, or all; `--list` tells what each measures; what follows `--` goes to each."""
    benches = {path.stem: path for path in sorted((ROOT / "bench").glob("*.py")) if not path.stem.startswith("_")}
    names, options = _split(arguments)
    if names == ["--list"]:
        for name, path in benches.items():
            print(f"{name:<12} {_first_sentence(path)}")
        return 0
    unknown = [name for name in names if name not in benches]
    if unknown:
        print(f"haitu bench: no bench {', '.join(unknown)}; there are {', '.join(benches)}.", file=sys.stderr)
        return 2
    statuses = [_measure(name, options) for name in names or benches]
    return max(statuses, default=0)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _first_sentence(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


def _measure(name: str, options: list[str]) -> int:
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"bench.{name}", *options], check=False, cwd=ROOT).returncode
