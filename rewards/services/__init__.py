"""Services of settlement: settling, verifying, claiming, expiring and holding."""
