"""Reports as paper and as tables: what dispatch/reports read, in words."""
