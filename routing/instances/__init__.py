"""Benchmark instances and solution files: what is read, how, and how routes are written down."""
