"""Decisions: pure functions (state, event, rules, now) → decisions. No session, no clock, no randomness."""
