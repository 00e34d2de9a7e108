"""What happened and what is open, read from rows: the storm's report, the day's edition, the shift's handover."""
