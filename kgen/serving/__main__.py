"""`python -m kgen.serving --port 8000 --workers 2`: the web server."""

import argparse
import os
import sys

from kgen.serving.listening import listen
from kgen.serving.workers import Workers

HOST = "127.0.0.1"


def main() -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kgen.serving")
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    # A worker is told whose it is.
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parent is None:
        return _keep(options.host, options.port, options.workers)
    # Not above: the parent has no need of all that the product consists of.
    from kgen.serving.worker import work

    work(options.host, options.port, parent=options.parent)
    return 0


def _keep(host: str, port: int, workers: int) -> int:
    try:
        # Kept, without ever taking a connection: the port stays ours while a worker is replaced.
        reservation = listen(host, port)
    except OSError as error:
        print(f"kgen: cannot serve at {host}:{port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    with reservation:
        return Workers(workers, ["--host", host, "--port", str(port), "--parent", str(os.getpid())]).run()


sys.exit(main())
