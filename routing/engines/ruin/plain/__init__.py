"""The quick half of ruin & recreate: work without facilities, deadlines and windows, where only lengths add up."""
