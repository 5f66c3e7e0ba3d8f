"""A process that sends stranded orders otherwise until none is left: `python -m tests.walks.otherwise`.

It writes a few orders at a time and tells each time on a line, so that it can be killed between two, and in one.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "haitu.settings"
django.setup()

from haitu.actions import reroute  # noqa: E402
from haitu.actions.unasked import send_unasked  # noqa: E402
from tests.world import NOW  # noqa: E402

reroute.CHUNK = 3

if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(f"{send_unasked(now=NOW + timedelta(hours=1))}\n")
