"""The web server's parent process: it starts the workers, and replaces a killed one."""

import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from time import monotonic

POLL_SECONDS = 0.2
# Before a killed worker is replaced: whatever kills each of them at once must not keep a processor busy.
PAUSE_SECONDS = 1.0


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to this address. Several processes may bind to it: the kernel spreads connections over them.

    :raises OSError: another program uses the address, or this user may not.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def supervise(command: Sequence[str], count: int) -> int:
    """Keep `count` processes of `command` running until SIGTERM or SIGINT; then let them end in order. Returns 0.

    A worker that ends with an error of its own (a bad setting, an import error) ends all: its successor would fail in
    the same way. Its exit code is returned.
    """
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    workers: list[subprocess.Popen[bytes]] = []
    ended: list[float] = []
    code = 0
    while code == 0 and not ending.is_set():
        ended = [at for at in ended if monotonic() - at < PAUSE_SECONDS]
        while len(workers) + len(ended) < count:
            workers.append(subprocess.Popen(command))
        ending.wait(POLL_SECONDS)
        for worker in [worker for worker in workers if worker.poll() is not None]:
            workers.remove(worker)
            ended.append(monotonic())
            # Negative: killed by a signal.
            code = max(code, worker.returncode)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait()
    return code
