"""What exists: ids, times, the error tree, events, tables, database session and migrations."""
