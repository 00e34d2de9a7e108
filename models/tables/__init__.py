"""All tables, one module a subject. Importing this package registers every table on SQLModel.metadata."""

from models.tables import city, flow, people, plans, weather, work  # noqa: F401
