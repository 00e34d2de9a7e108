"""Reading models: one query module a subject, session in, documented values out. Nothing here writes."""
