"""The provider's books: intents, refunds, idempotency keys and deliveries, in an SQLite file of its own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA = """
    CREATE TABLE IF NOT EXISTS intent (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, reference TEXT NOT NULL, amount_minor INTEGER NOT NULL,
        currency TEXT NOT NULL, description TEXT NOT NULL, return_url TEXT NOT NULL, notify_url TEXT NOT NULL,
        language TEXT NOT NULL, status TEXT NOT NULL, told TEXT NOT NULL DEFAULT '',
        fee_minor INTEGER NOT NULL DEFAULT 0, refunded_minor INTEGER NOT NULL DEFAULT 0, settles_at REAL
    );
    CREATE TABLE IF NOT EXISTS refund (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, intent TEXT NOT NULL REFERENCES intent (id),
        reference TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL,
        told TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE IF NOT EXISTS answer (
        account TEXT NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (account, key)
    );
    CREATE TABLE IF NOT EXISTS delivery (
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, due_at REAL NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting', told TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due_at) WHERE state = 'waiting';
"""


class Store:
    """One connection behind one lock: a sandbox need not be fast, only right."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=20)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        self._lock = threading.RLock()

    def close(self) -> None:
        """No call may follow."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, and nobody in between."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def one(self, sql: str, *given: Any) -> dict[str, Any] | None:
        """The first row."""
        with self._lock:
            row = self._connection.execute(sql, given).fetchone()
        return dict(row) if row else None

    def all(self, sql: str, *given: Any) -> list[dict[str, Any]]:
        """Every row."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, given).fetchall()]

    def do(self, sql: str, *given: Any) -> int:
        """Changes rows; how many."""
        with self._lock:
            return self._connection.execute(sql, given).rowcount

    def put_on_its_way(self, account: str, url: str, body: str, *, due_at: float) -> None:
        """A webhook to deliver, not before that time."""
        sql = "INSERT INTO delivery (account, url, body, due_at) VALUES (?, ?, ?, ?)"
        self.do(sql, account, url, body, due_at)
