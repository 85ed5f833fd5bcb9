"""Background jobs of operators: many acts or an export, done in slices, seen while they run (docs/jobs.md)."""
