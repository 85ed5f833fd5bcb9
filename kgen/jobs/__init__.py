"""Background jobs of operators: an action on many items, or an export, run in slices (docs/jobs.md)."""
