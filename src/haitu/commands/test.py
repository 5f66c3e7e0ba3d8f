"""`./haitu test`: one suite, once on SQLite and once on a real PostgreSQL; nothing is left out silently."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from haitu.commands import ROOT, debian, postgres

NOTHING_COLLECTED = 5  # pytest's exit status
FONTS = {
    "fonts-noto-core": "/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf",
    "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Tests that could not run here, and the line that would change that."""

    what: str
    count: int | None
    line: str

    def __str__(self) -> str:
        count = "an unknown number of" if self.count is None else self.count
        return f"{count} tests were left out for want of {self.what}. To run them: {self.line}"


def main(arguments: list[str]) -> int:
    """Runs pytest with the given arguments, once for each database unless `--db` names one."""
    databases = _databases(arguments)
    left_out: list[LeftOut] = []
    if not _browser_is_ready():
        count = _count(["--db", databases[0], *arguments, "-m", "browser"])
        left_out.append(LeftOut(what="Chromium", count=count, line=debian.install_line(["chromium", *FONTS])))
        arguments = [*arguments, "-m", "not browser"]
    if "postgres" in databases and not _postgres_is_ready():
        count = _count([*arguments, "--db", "postgres"])
        left_out.append(LeftOut(what="PostgreSQL", count=count, line=debian.install_line(["postgresql"])))
        databases.remove("postgres")
    statuses = [_pytest([*arguments, "--db", database]) for database in databases]
    return _verdict(statuses, left_out)


def _databases(arguments: list[str]) -> list[str]:
    for position, argument in enumerate(arguments):
        if argument == "--db":
            return arguments[position + 1 : position + 2]
        if argument.startswith("--db="):
            return [argument.removeprefix("--db=")]
    return ["sqlite", "postgres"]


def _browser_is_ready() -> bool:
    missing = [] if shutil.which("chromium") else ["chromium"]
    missing += [package for package, file in FONTS.items() if not Path(file).exists()]
    if missing:
        debian.install(missing)
    return shutil.which("chromium") is not None


def _postgres_is_ready() -> bool:
    if postgres.find_binaries() is None:
        debian.install(["postgresql"])
    return postgres.find_binaries() is not None


def _pytest(arguments: list[str]) -> int:
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False, cwd=ROOT).returncode


def _count(arguments: list[str]) -> int | None:
    """How many tests pytest would run with these arguments; None when it cannot even collect them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "count"
        command = [sys.executable, "-m", "pytest", "--collect-only", "--count-to", str(file), *arguments]
        done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.DEVNULL)
        return int(file.read_text()) if done.returncode in {0, NOTHING_COLLECTED} else None


def _verdict(statuses: list[int], left_out: list[LeftOut]) -> int:
    for reason in left_out:
        print(f"haitu test: {reason}", flush=True)
    if any(reason.count != 0 for reason in left_out) and os.environ.get("CI"):
        print("haitu test: in CI leaving tests out is a failure.", flush=True)
        return 1
    if not statuses or set(statuses) == {NOTHING_COLLECTED}:
        print("haitu test: no test ran.", flush=True)
        return NOTHING_COLLECTED
    return next((status for status in statuses if status not in {0, NOTHING_COLLECTED}), 0)
