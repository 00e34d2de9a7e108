"""Write the initial migration anew from the tables: `python -m models.migrations.generate`.

For as long as no database of a released version exists there is one migration, and it says what the tables say.
Afterwards a change of the tables gets a migration of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from models.migrations.compare import SETTINGS

TARGET = Path(__file__).parent / "versions" / "0001_initial.py"

_HEAD = '''"""All tables as of the first version. Written by models/migrations/generate.py."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from models.migrations import guards
from models.times import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, then the rules only the database can keep."""
'''


def render() -> str:
    """The migration's source, laid out."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={**SETTINGS, "user_module_prefix": None})
        script = produce_migrations(context, SETTINGS["target_metadata"])
        body = render_python_code(
            script.upgrade_ops or ops.UpgradeOps([]), render_item=SETTINGS["render_item"], migration_context=context
        )
    lines = [line for line in body.splitlines() if not line.strip().startswith("# ")]
    source = _HEAD + "\n".join("    " + line.removeprefix("    ") for line in lines) + "\n    guards.create()\n"
    layout = [sys.executable, "-m", "ruff", "format", "-q", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(layout, input=source, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
