"""What the product can do on this machine, beside what the database could do at most. See README.md."""
