"""The pool's connections, checked without a question to the server.

Before each request Django would ask the server whether it is still there: one more round trip each time. A server that
went away, or that closes a connection, tells the socket; so looking there is enough, and costs the server nothing.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's; a connection that has died in the pool is left there, and the pool opens another."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and not _alive(connection):
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection


def _alive(connection: psycopg.Connection[Any]) -> bool:
    """Whether a connection at rest still stands; one on which something waits to be read is asked."""
    try:
        look = select.poll()
        look.register(connection.fileno(), select.POLLIN)
        if look.poll(0):
            connection.execute("")  # a word in passing, such as a changed setting, or the last one
    except psycopg.OperationalError:
        return False
    return True
