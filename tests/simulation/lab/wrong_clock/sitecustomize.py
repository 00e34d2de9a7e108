"""Loaded by every Python under libfaketime: 0.9.10 turns the sleep of Python 3.11 into an error once a clock is off."""

import select
import time


def sleep(seconds: float) -> None:
    """As `time.sleep`, by a call that libfaketime leaves alone."""
    select.select((), (), (), seconds)


time.sleep = sleep
