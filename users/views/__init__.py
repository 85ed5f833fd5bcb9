"""Sessions and phones over HTTP."""
