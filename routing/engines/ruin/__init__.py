"""Slack-induction ruin & recreate for street work, after Christiaens & Vanden Berghe (2020), compiled with numba."""
