"""`python -m haitu.plan COMMAND`: the planner's answers from a folder of tables, without Django."""

from __future__ import annotations

import sys
from collections.abc import Callable

from haitu.core.errors import Refusal

# One function above, which imports its module lazily ("# imported when asked for: start in 0.1 s"), and one line here.
COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {}


def usage() -> str:
    """All commands, one a line."""
    lines = [f"  python -m haitu.plan {name:<12} {told}" for name, (_, told) in COMMANDS.items()]
    return "\n".join(["Haitu 海图, the planner", *lines, ""])


def main(arguments: list[str]) -> int:
    """The status to leave with: 0, 1 for a refusal, 2 for a command that is none."""
    name, *rest = arguments or ["help"]
    if name in {"help", "-h", "--help"}:
        sys.stdout.write(usage())
        return 0
    if name not in COMMANDS:
        sys.stderr.write(f"haitu.plan: there is no command {name!r}.\n\n{usage()}")
        return 2
    command, _ = COMMANDS[name]
    try:
        return command(rest)
    except Refusal as refusal:
        sys.stderr.write(f"haitu.plan {name}: {refusal}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
