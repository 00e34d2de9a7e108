"""A city in and out of the database."""
