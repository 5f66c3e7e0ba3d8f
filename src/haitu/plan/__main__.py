"""`python -m haitu.plan COMMAND`: the planner's answers from a folder of tables, without Django."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from haitu.core.errors import Refusal


def _budget(arguments: list[str]) -> int:
    from haitu.plan.budget.command import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


def _payback(arguments: list[str]) -> int:
    from haitu.plan.payback.command import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


def _cohorts(arguments: list[str]) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small matrices: more threads only wait for each other
    from haitu.plan.cohorts.command import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


def _attribution(arguments: list[str]) -> int:
    from haitu.plan.attribution.command import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


def _mix(arguments: list[str]) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small matrices: more threads only wait for each other
    from haitu.plan.mix.command import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


def _forecast(arguments: list[str]) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small matrices: more threads only wait for each other
    from haitu.plan.forecast.command import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


def _experiment(arguments: list[str]) -> int:
    from haitu.plan.experiments import main as run  # noqa: PLC0415  # imported when asked for: start in 0.1 s

    return run(arguments)


# One function above, which imports its module lazily ("# imported when asked for: start in 0.1 s"), and one line here.
COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "payback": (_payback, "what each channel's spend returns, and when it is paid back"),
    "attribution": (_attribution, "which channel the buyers are owed to, by rule, and what it caused"),
    "budget": (_budget, "next quarter's advertising under cash, payback and risk"),
    "mix": (_mix, "what each channel's spend brought, from weekly spend and weekly outcome"),
    "experiment": (_experiment, "design | read a test that switches a channel off in some markets"),
    "forecast": (_forecast, "demand per SKU, market and week ahead, as quantiles"),
    "cohorts": (_cohorts, "what the customers of today will order: per customer, cohort and in all"),
}


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
