"""The demo: a client that plays over HTTP, and the seeds of demo games."""
