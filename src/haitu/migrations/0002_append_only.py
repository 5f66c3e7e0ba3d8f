"""What happened is never changed: events, entries and stock moves refuse UPDATE, DELETE and TRUNCATE.

SQLite drops a table's triggers when a migration rebuilds the table (any AlterField does); such a migration must run
`lock_tables` again. tests/actions/test_record.py notices when one forgets.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("haitu_event", "haitu_entry", "haitu_stockmove", "haitu_trackingevent")
TOLD = "{table} is append-only: what happened is not changed; record what happens next instead"

FUNCTION = """
CREATE FUNCTION haitu_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = replace('{told}', '{{table}}', TG_TABLE_NAME), ERRCODE = 'integrity_constraint_violation';
END $$
"""


def lock_tables(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        _lock_on_postgresql(schema_editor)
    elif schema_editor.connection.vendor == "sqlite":
        _lock_on_sqlite(schema_editor)
    else:
        raise NotImplementedError(f"no append-only triggers are written for {schema_editor.connection.vendor}")


def unlock_tables(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER append_only ON {table}")
            schema_editor.execute(f"DROP TRIGGER append_only_truncate ON {table}")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_no_update")
            schema_editor.execute(f"DROP TRIGGER {table}_no_delete")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION haitu_append_only()")


def _lock_on_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(FUNCTION.format(told=TOLD), params=None)
    for table in TABLES:
        schema_editor.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION haitu_append_only()"
        )
        schema_editor.execute(
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION haitu_append_only()"
        )
    # Rows that change with every sale keep room on their page, so that PostgreSQL need not touch their indexes.
    schema_editor.execute("ALTER TABLE haitu_stock SET (fillfactor = 60)")
    schema_editor.execute("ALTER TABLE haitu_orderline SET (fillfactor = 85)")


def _lock_on_sqlite(schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        told = TOLD.format(table=table)
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
            )


class Migration(migrations.Migration):
    dependencies = [("haitu", "0001_initial")]
    operations = [migrations.RunPython(lock_tables, unlock_tables)]
