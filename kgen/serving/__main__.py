"""`python -m kgen.serving --port 8000 --workers 2`: the web server."""

import argparse
import os
import sys

from kgen.serving.workers import listen, supervise


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kgen.serving")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    # Set for a worker: the process that supervises it.
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parent is not None:
        # Imported here: the parent does not need Django and the product in its memory.
        from kgen.serving.worker import work

        work(options.host, options.port, parent=options.parent)
        return 0
    try:
        # Keeps the port while workers are replaced; it never listens, so it gets no connections.
        reservation = listen(options.host, options.port)
    except OSError as error:
        print(f"kgen: cannot serve at {options.host}:{options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    address = ["--host", options.host, "--port", str(options.port)]
    command = [sys.executable, "-m", "kgen.serving", *address, "--parent", str(os.getpid())]
    with reservation:
        return supervise(command, options.workers)


sys.exit(main())
