"""The compiled search where seconds and cost are counted apart: windows, waiting, shifts, pay by the second."""
