"""What refuses a Problem, and what nobody can do: every fault in one line, before an engine sees it."""
