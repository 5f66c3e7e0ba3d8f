"""Nothing that `run` starts outlives it, and what dies comes back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SUPERVISOR = """
import sys
from pathlib import Path
from haitu.commands.children import Child, supervise

folder = Path(sys.argv[1])
code = "import os,sys,time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); time.sleep(60)"
children = [Child(name=name, command=[sys.executable, "-c", code, str(folder / name)]) for name in ("first", "second")]
ready = folder / "ready"
both = lambda: all((folder / child.name).exists() for child in children)
sys.exit(supervise(children, is_ready=both, when_ready=lambda: ready.write_text("")))
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for 30 seconds in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()]


@pytest.fixture
def supervisor(tmp_path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path)])
    until((tmp_path / "ready").exists)
    until(lambda: len(pids(tmp_path / "first")) == len(pids(tmp_path / "second")) == 1)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_ends_every_child(supervisor: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals) -> None:
    supervisor.send_signal(number)
    assert supervisor.wait(timeout=30) == 0
    assert [is_alive(pid) for name in ("first", "second") for pid in pids(tmp_path / name)] == [False, False]


def test_a_killed_supervisor_takes_its_children_along(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    supervisor.kill()
    supervisor.wait(timeout=30)
    until(lambda: not any(is_alive(pid) for name in ("first", "second") for pid in pids(tmp_path / name)))


def test_a_child_that_dies_is_started_anew(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    [first] = pids(tmp_path / "first")
    os.kill(first, signal.SIGKILL)
    until(lambda: len(pids(tmp_path / "first")) == 2)
    assert [is_alive(pid) for pid in pids(tmp_path / "first")] == [False, True]
    assert [is_alive(pid) for pid in pids(tmp_path / "second")] == [True]
    supervisor.terminate()
    assert supervisor.wait(timeout=30) == 0


def test_what_cannot_start_stops_everything(tmp_path: Path) -> None:
    code = (
        "import sys; from haitu.commands.children import Child, supervise;"
        "sys.exit(supervise([Child(name='x', command=['false'])], is_ready=lambda: False, when_ready=print))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (1, "haitu run: x could not start.\n")
