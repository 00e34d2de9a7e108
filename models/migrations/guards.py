"""Rules the database itself keeps, beyond what tables can say: assignments, audit append-only, positions by day."""

from __future__ import annotations

from alembic import op

from models.migrations import partitions

_SEALED_ONLY = "audit rows are append-only: only seal_no, seal and sealed_at may be set, once"
_NO_DELETE = "audit rows are never deleted"
_AUDIT_COLUMNS = ("id", "at", "actor", "action", "subject", "detail")


def create() -> None:
    """Create the rules in the dialect at hand."""
    statements = _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgres()
    for statement in statements:
        op.execute(statement)


def _overlap(other: str) -> str:
    """SQLite: another row of the same vehicle or driver whose half-open time range meets that of NEW."""
    return (
        f"SELECT 1 FROM assignment AS other WHERE {other} other.start_at < NEW.end_at AND NEW.start_at < other.end_at"
        " AND ((NEW.vehicle <> '' AND other.vehicle = NEW.vehicle) OR (NEW.driver <> '' AND other.driver = NEW.driver))"
    )


def _sqlite() -> list[str]:
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _AUDIT_COLUMNS)
    message = "a vehicle and a driver are each in one assignment at any instant"
    return [
        f"""CREATE TRIGGER assignment_insert BEFORE INSERT ON assignment
            WHEN EXISTS ({_overlap("other.id <> NEW.id AND")}) BEGIN SELECT RAISE(ABORT, '{message}'); END""",
        f"""CREATE TRIGGER assignment_update BEFORE UPDATE ON assignment
            WHEN EXISTS ({_overlap("other.id <> OLD.id AND")}) BEGIN SELECT RAISE(ABORT, '{message}'); END""",
        f"""CREATE TRIGGER audit_update BEFORE UPDATE ON audit WHEN OLD.seal_no IS NOT NULL OR {changed}
            BEGIN SELECT RAISE(ABORT, '{_SEALED_ONLY}'); END""",
        f"""CREATE TRIGGER audit_delete BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, '{_NO_DELETE}'); END""",
    ]


def _postgres() -> list[str]:
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _AUDIT_COLUMNS)
    exclude = (
        "ALTER TABLE assignment ADD CONSTRAINT assignment_one_{0} EXCLUDE USING gist"
        " ({0} WITH =, int8range(start_at, end_at) WITH &&) WHERE ({0} <> '')"
    )
    return [
        "CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public",
        exclude.format("vehicle"),
        exclude.format("driver"),
        f"""CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP <> 'UPDATE' THEN RAISE EXCEPTION '{_NO_DELETE}'; END IF;
            IF OLD.seal_no IS NOT NULL OR {changed} THEN RAISE EXCEPTION '{_SEALED_ONLY}'; END IF;
            RETURN NEW; END $$""",
        """CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
            FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
        """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
            FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
        *partitions.statements(),
    ]
