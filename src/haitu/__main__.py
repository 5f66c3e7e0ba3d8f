"""`./haitu COMMAND`: names the commands and hands over to one of them."""

import os
import sys

from django.core.management import CommandError, execute_from_command_line

from haitu.commands import bench, check, clock, lock, messages, run, test


def manage(arguments: list[str]) -> int:
    """Django's own commands: migrate, shell, createsuperuser, tick, ..."""
    execute_from_command_line(["haitu manage", *arguments])
    return 0


COMMANDS = {
    "run": (
        run.main,
        "serve shop and desk, with the demo merchant on first start  [--port --host --no-demo]",
    ),
    "test": (
        test.main,
        "all tests, on SQLite and on a real PostgreSQL, in a real Chromium  [pytest's options]",
    ),
    "check": (check.main, "format, lint, types, imports, migrations, translations, ...  [names of checks]"),
    "bench": (bench.main, "measure side by side  [names of benches]"),
    "lock": (lock.main, "write requirements.lock from pyproject.toml  [--upgrade]"),
    "messages": (messages.main, "translations: update | compile"),
    "manage": (manage, "Django's commands: migrate, shell, tick, ..."),
    "clock": (clock.main, "run tick again and again; `run` starts it by itself"),
}


def usage() -> str:
    lines = [f"  ./haitu {name:<9} {told}" for name, (_, told) in COMMANDS.items()]
    return "\n".join(["Haitu 海图", *lines, "  ./haitu setup     ready .venv and stop", ""])


def main(arguments: list[str]) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "haitu.settings"
    name, *rest = arguments or ["help"]
    if name in {"help", "-h", "--help"}:
        sys.stdout.write(usage())
        return 0
    if name not in COMMANDS:
        sys.stderr.write(f"haitu: there is no command {name!r}.\n\n{usage()}")
        return 2
    command, _ = COMMANDS[name]
    try:
        return command(rest)
    except CommandError as refusal:
        sys.stderr.write(f"haitu {name}: {refusal}\n")
        return refusal.returncode
    except KeyboardInterrupt:
        return 130  # what a shell says of a command stopped by Ctrl-C


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
