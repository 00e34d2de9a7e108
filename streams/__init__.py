"""How events move: topics, drivers, recorders, views, relay, timers, quarantine."""
