"""How Alembic runs here: on a connection it is handed, inside that connection's transaction, on both databases."""

from __future__ import annotations

from alembic import context

from models.migrations.compare import SETTINGS

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True, **SETTINGS)
context.run_migrations()
