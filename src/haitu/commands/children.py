"""Child processes that never outlive us: started together, started anew when they die, stopped in order."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_PAUSE_S = 30.0
PATIENCE_S = 15.0


def die_with_parent() -> None:
    """In a new child: the kernel stops it when its parent is killed (Linux)."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


@dataclass(slots=True, kw_only=True)
class Child:
    """One command that is kept running."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = field(default=0.0)
    pause_s: float = 1.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C comes to us alone; we pass it on once
            preexec_fn=die_with_parent,  # noqa: PLW1509 - we have no other threads
        )

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> None:
        """Ends what it left behind and plans the next start: at once after a long life, else ever later."""
        assert self.process is not None  # noqa: S101 - only a started child dies
        lived_s = time.monotonic() - self.started_at
        self.pause_s = 1.0 if lived_s > LONGEST_PAUSE_S else min(2 * self.pause_s, LONGEST_PAUSE_S)
        self.due_at = time.monotonic() + self.pause_s
        told = f"{self.name} ended with {self.process.returncode}; it starts again in {self.pause_s:.0f} s"
        print(f"haitu run: {told}", file=sys.stderr, flush=True)
        self.signal_all(signal.SIGKILL)
        self.process = None

    def signal_all(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass  # all of its group are gone already


def supervise(children: list[Child], *, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> int:
    """Keeps all children running until SIGTERM, SIGINT or SIGHUP, then stops them all.

    Calls `when_ready` once `is_ready` holds. A child that dies before that moment stops everything: what
    cannot start once will not start the second time either.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    ready = False
    try:
        while not stopping.is_set():
            for child in children:
                if child.has_died() and not ready:
                    print(f"haitu run: {child.name} could not start.", file=sys.stderr, flush=True)
                    return 1
                if child.has_died():
                    child.bury()
                if child.process is None and time.monotonic() >= child.due_at:
                    child.start()
            if not ready and is_ready():
                ready = True
                when_ready()
            stopping.wait(0.2)
        return 0
    finally:
        _stop(children)


def _stop(children: list[Child]) -> None:
    for child in children:
        if child.process is not None:
            child.process.terminate()
    deadline = time.monotonic() + PATIENCE_S
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"haitu run: {child.name} did not stop by itself and was killed.", file=sys.stderr, flush=True)
        child.signal_all(signal.SIGKILL)
        child.process.wait()
