"""`python -m sweepline.cli`."""

from sweepline.cli import main

main()
