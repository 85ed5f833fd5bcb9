"""The web server: uvicorn, with a protocol and an application that serve a request by one of two paths."""
