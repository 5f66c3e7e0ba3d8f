"""Ids taken in advance, so that rows which point at each other can be written in bulk."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models


def take_ids(table: type[models.Model], count: int) -> Sequence[int]:
    """So many new ids of a table, used by nobody else; called inside the transaction that writes the rows."""
    name = table._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [name, count]
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {name}")  # noqa: S608  # a table of ours
        first = cursor.fetchone()[0]
    return range(first, first + count)
