"""What all tests share: no test fails because a machine is busy."""

from hypothesis import settings

settings.register_profile("sweepline", deadline=None)
settings.load_profile("sweepline")
