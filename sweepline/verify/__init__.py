"""`sweepline db verify`: what may never break, checked on the stored rows; rules by number (docs/OPERATIONS.md)."""
