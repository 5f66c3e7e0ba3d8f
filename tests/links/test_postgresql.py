"""A pooled connection is looked at before it is used, without asking the server when all is quiet."""

from __future__ import annotations

import socket
from typing import Any

import psycopg

from haitu.links.postgresql.base import _alive


class AtRest:
    """A connection as the pool keeps it; `server` is the other end of its socket."""

    def __init__(self, *, answers: bool) -> None:
        self.ours, self.server = socket.socketpair()
        self.answers, self.asked = answers, 0

    def fileno(self) -> int:
        return self.ours.fileno()

    def execute(self, _query: str) -> None:
        self.asked += 1
        if not self.answers:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    def close(self) -> None:
        self.ours.close()
        self.server.close()


def looked_at(connection: Any) -> tuple[bool, int]:
    try:
        return _alive(connection), connection.asked
    finally:
        connection.close()


def test_a_quiet_connection_is_used_without_a_question() -> None:
    assert looked_at(AtRest(answers=True)) == (True, 0)


def test_a_connection_that_the_server_closed_is_not_used() -> None:
    connection = AtRest(answers=False)
    connection.server.close()
    assert looked_at(connection) == (False, 1)


def test_a_word_in_passing_is_no_farewell() -> None:
    connection = AtRest(answers=True)
    connection.server.send(b"S")
    assert looked_at(connection) == (True, 1)
