"""The web server: uvicorn, with an application of ours that knows two ways to serve a request."""
