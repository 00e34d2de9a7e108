"""What the application's role may do on PostgreSQL, where another role owns the tables.

It reads and writes rows; it changes no table, and of the audit it may only add rows and seal them. The triggers of
models/migrations/guards.py say the same to the owner, who could remove them; this role cannot.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

READ_ONLY = ("alembic_version",)
SEAL_COLUMNS = "seal_no, seal, sealed_at"


def grant(connection: Connection, role: str) -> None:
    """Give `role` its rights on everything in the current schema, and take away what it must not have."""
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(str(connection.execute(text("SELECT current_schema()")).scalar_one()))
    who = quote(role)
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {who}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {who}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {who}",
        f"REVOKE UPDATE, DELETE ON {schema}.audit FROM {who}",
        f"GRANT UPDATE ({SEAL_COLUMNS}) ON {schema}.audit TO {who}",
        *(f"REVOKE INSERT, UPDATE, DELETE ON {schema}.{name} FROM {who}" for name in READ_ONLY),
        f"GRANT EXECUTE ON FUNCTION {schema}.position_add_day(date), {schema}.position_drop_days(date) TO {who}",
    ):
        connection.execute(text(statement))
