"""Positions by the day on PostgreSQL: one partition a UTC day, and a rest for days that have none yet.

Correctness never waits for housekeeping: a fix of a day without a partition goes to the rest, and moves to its day when
that is made. The functions run with the owner's rights, so that a role that may not create tables can call them.
"""

from __future__ import annotations

_DAY_MICROS = 86_400_000_000


def statements() -> list[str]:
    """The rest, and the functions that add and drop days."""
    return [
        'CREATE TABLE position_rest PARTITION OF "position" DEFAULT',
        _ADD_DAY,
        _DROP_DAYS,
        "REVOKE ALL ON FUNCTION position_add_day(date), position_drop_days(date) FROM PUBLIC",
    ]


_ADD_DAY = f"""
CREATE FUNCTION position_add_day(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    name text := 'position_' || to_char(day, 'YYYYMMDD');
    low bigint := (day - DATE '1970-01-01')::bigint * {_DAY_MICROS};
    high bigint := low + {_DAY_MICROS};
BEGIN
    IF to_regclass(quote_ident(name)) IS NOT NULL THEN RETURN false; END IF;
    LOCK TABLE position_rest IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE "position" INCLUDING ALL)', name);
    EXECUTE format('WITH moved AS (DELETE FROM position_rest WHERE observed_at >= %s AND observed_at < %s RETURNING *)'
        ' INSERT INTO %I SELECT * FROM moved', low, high, name);
    EXECUTE format('ALTER TABLE "position" ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, low, high);
    RETURN true;
END $$"""

_DROP_DAYS = r"""
CREATE FUNCTION position_drop_days(before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    name text;
    dropped integer := 0;
BEGIN
    FOR name IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = '"position"'::regclass AND relname ~ '^position_[0-9]{8}$'
        ORDER BY relname
    LOOP
        IF to_date(right(name, 8), 'YYYYMMDD') < before THEN
            EXECUTE format('DROP TABLE %I', name);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    RETURN dropped;
END $$"""
