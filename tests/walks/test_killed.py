"""Processes die in the middle of trade: buyers, the clock, the database. Nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from haitu.commands import ROOT, postgres

ENOUGH = 30
OPENING_STOCK = 100_020


def environment(database: str, folder: Path) -> dict[str, str]:
    given = {"HAITU_DATABASE": database, "HAITU_VAR": str(folder), "HAITU_LOG": "ERROR", "PYTHONPATH": "src"}
    return {name: value for name, value in os.environ.items() if not name.startswith("HAITU_")} | given


def trade(*command: str, env: dict[str, str]) -> str:
    run = [sys.executable, "-m", "tests.walks.trade", *command]
    return subprocess.run(run, check=True, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, timeout=120).stdout


@contextmanager
def processes(env: dict[str, str], told: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two buyers and a clock, which tell what they did in files; killed at the end, whatever happens."""
    running = []
    try:
        for name in ("anna", "bert"):
            with (told / name).open("wb") as file:
                run = [sys.executable, "-m", "tests.walks.trade", "buy", name]
                running.append(subprocess.Popen(run, cwd=ROOT, env=env, stdout=file, stderr=subprocess.DEVNULL))
        clock = [sys.executable, "-m", "haitu", "manage", "tick", "--forever", "--interval", "0.2"]
        running.append(subprocess.Popen(clock, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        yield running
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def wait_for_trade(told: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        # SQLite's writers do not wait in turn, so only the sum says that trade is going on.
        if sum(len((told / name).read_bytes().splitlines()) for name in ("anna", "bert")) >= ENOUGH:
            return
        time.sleep(0.05)
    pytest.fail("no trade within a minute")


def safe(told: Path) -> dict[str, tuple[str, str]]:
    """What the buyers were told: cart → token and the last status. A line cut off by the kill was not told."""
    promised = {}
    for name in ("anna", "bert"):
        for line in (told / name).read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                cart, token, status = json.loads(line)
                promised[cart] = (token, status)
    return promised


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own for this test, of the kind this run is about; it waits for the disk as in trade."""
    if request.config.getoption("--db") == "sqlite":
        yield f"sqlite:///{tmp_path}/trade.sqlite3"
        return
    with postgres.temporary_cluster(durable=True) as address:
        yield address


def kill_server(database: str) -> None:
    """kill -9 to the PostgreSQL server; SQLite has none."""
    if folder := _server_folder(database):
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)  # it is our child; unburied it would still count as running


@contextmanager
def started_again(database: str) -> Iterator[None]:
    """The killed server anew, over the same files."""
    folder, binaries = _server_folder(database), postgres.find_binaries()
    if folder is None:
        yield
        return
    assert binaries is not None
    _wait_until_gone(folder)
    server = postgres._start(binaries, folder, durable=True)
    try:
        postgres._wait_until_ready(binaries, folder, server)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=20)


def _server_folder(database: str) -> Path | None:
    url = urlsplit(database)
    return None if url.scheme == "sqlite" else Path(parse_qs(url.query)["host"][0])


def _wait_until_gone(folder: Path) -> None:
    """The server's children end by themselves once they notice; until then their shared memory is in use."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        alive = [path for path in Path("/proc").glob("[0-9]*/cwd") if _leads_to(path, folder / "data")]
        if not alive:
            return
        time.sleep(0.05)
    pytest.fail("the killed server's children are still there")


def _leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.readlink() == folder
    except OSError:
        return False


def check(database: str, tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(trade("check", env=environment(database, tmp_path)))
    return found


def assert_whole(found: dict[str, Any], promised: dict[str, tuple[str, str]]) -> None:
    assert (found["failed jobs"], found["stock problems"], found["ledger problems"]) == ([], [], [])
    # Nothing lost: whoever was told of an order has it, as far as it was told (unpaid ones have expired since).
    for cart, (token, status) in promised.items():
        kept_token, kept_status = found["orders"][cart]
        assert kept_token == token
        reached = ["expired", "paid", "shipped"]
        assert reached.index(kept_status) >= reached.index("expired" if status == "pending" else status)
    # Nothing doubled, nothing half: every order has its one line, payment and event.
    assert found["count"] == len(found["orders"]) == found["lines"] == found["payments"] == found["placed"]
    assert found["on hand"] == OPENING_STOCK - found["shipped"]
    assert found["reserved"] == found["paid"]


def test_trade_survives_the_death_of_every_process(database: str, tmp_path: Path) -> None:
    env, told = environment(database, tmp_path), tmp_path / "told"
    told.mkdir()
    trade("build", env=env)
    with processes(env, told) as running:
        wait_for_trade(told)
        for process in running:
            process.kill()
    assert_whole(check(database, tmp_path), safe(told))


def test_trade_survives_the_death_of_the_database(database: str, tmp_path: Path) -> None:
    env, told = environment(database, tmp_path), tmp_path / "told"
    told.mkdir()
    trade("build", env=env)
    with processes(env, told):
        wait_for_trade(told)
        kill_server(database)
    with started_again(database):
        assert_whole(check(database, tmp_path), safe(told))
