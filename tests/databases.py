"""The early pytest plugin behind `--db sqlite|postgres`: it is ready before the settings are read."""

import os
import shutil
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from haitu.commands import postgres

HERE = Path(__file__).parent
# The only settings that reach a test: which programs to use, and where to put pictures of the pages.
KEPT = {"HAITU_PG_BIN", "HAITU_CHROMIUM", "HAITU_SHOTS"}
# What is the same on every database is proven once, in the SQLite pass.
PURE = (HERE / "core", HERE / "plan", HERE / "commands", HERE / "test_house.py", HERE / "test_settings.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", choices=("sqlite", "postgres"), default="sqlite", help="database of this run")
    parser.addoption("--count-to", metavar="FILE", help="with --collect-only: a file for the number of tests")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    leave = ExitStack()
    early_config.add_cleanup(leave.close)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill is a Ctrl-C: all is stopped and removed
    folder = Path(tempfile.mkdtemp(prefix="haitu-test-"))
    leave.callback(shutil.rmtree, folder, ignore_errors=True)
    (folder / "static").mkdir()
    if early_config.known_args_namespace.db == "postgres" and early_config.known_args_namespace.count_to:
        database = "postgresql:///counting-needs-no-server"
    elif early_config.known_args_namespace.db == "postgres":
        try:
            database = leave.enter_context(postgres.temporary_cluster())
        except postgres.NoServer as problem:
            leave.close()
            raise pytest.UsageError(str(problem)) from None
    else:
        database = f"sqlite:///{folder}/haitu.sqlite3"
    _set_environment(folder, database)


def _set_environment(folder: Path, database: str) -> None:
    """Nothing of the developer's own settings reaches a test."""
    for name in [name for name in os.environ if name.startswith("HAITU_") and name not in KEPT]:
        del os.environ[name]
    os.environ["HAITU_VAR"] = str(folder)
    os.environ["HAITU_DATABASE"] = database
    os.environ["HAITU_LOG"] = "WARNING"
    # Playwright's own loop runs in the test's thread; Django would take that for a mistake.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('--db')}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the PostgreSQL pass leave out what the SQLite pass has already proven for both."""
    if config.getoption("--db") == "sqlite":
        return
    proven = [item for item in items if _database_does_not_matter(item)]
    config.hook.pytest_deselected(items=proven)
    items[:] = [item for item in items if item not in proven]


def pytest_collection_finish(session: pytest.Session) -> None:
    file = session.config.getoption("--count-to")
    if file:
        Path(file).write_text(str(len(session.items)))


def _database_does_not_matter(item: pytest.Item) -> bool:
    if item.get_closest_marker("browser"):
        return not item.get_closest_marker("both")
    return any(item.path == place or place in item.path.parents for place in PURE)
