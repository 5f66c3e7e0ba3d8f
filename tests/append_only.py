"""The one exception from append-only: emptying the tables between tests that commit."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations


@pytest.fixture(autouse=True, scope="session")
def flush_past_the_triggers() -> Iterator[None]:
    """Lets Django's flush, and nothing else, pass the append-only triggers; afterwards they stand again."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_past(operations: Any, statements: list[str]) -> None:
        flush(operations, [*_open(), *statements, *_close()])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_past)
        yield


def triggers() -> dict[str, str]:
    """Name → CREATE statement of each append-only trigger of the SQLite test database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        return dict(cursor.fetchall())


def _open() -> list[str]:
    if connection.vendor == "postgresql":
        return ["SET LOCAL session_replication_role = replica"]
    return [f"DROP TRIGGER {name}" for name in triggers()]


def _close() -> list[str]:
    if connection.vendor == "postgresql":
        return ["SET LOCAL session_replication_role = DEFAULT"]
    return list(triggers().values())
