"""`./haitu clock`: calls `tick` again and again; one process of `run`, or a service of its own in trade."""

import signal
import threading

import django
from django.core.management import call_command
from django.db import close_old_connections

SECONDS_BETWEEN_TICKS = 15


def main(_arguments: list[str]) -> int:
    """Ends after the running tick when told to stop. An error ends it too; whoever started it starts it anew."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    django.setup()
    while not stopping.is_set():
        call_command("tick")
        close_old_connections()
        stopping.wait(SECONDS_BETWEEN_TICKS)
    return 0
