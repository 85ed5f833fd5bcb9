"""One process of the web server."""

import asyncio
import gc
import os
import signal
import sys

import uvicorn
import uvloop

from kgen.asgi import application
from kgen.logs import gather_requests, write_gathered
from kgen.serving.protocol import FastPathProtocol
from kgen.serving.workers import listen

BACKLOG = 2048
# Time that requests have to be answered after SIGTERM.
GRACE_SECONDS = 10
TICK_SECONDS = 0.1
# Threads hand results to the loop all the time; Python's default of 5 ms is longer than most requests take.
SWITCH_SECONDS = 0.001


def work(host: str, port: int, *, parent: int) -> None:
    """Serve until SIGTERM, or until the process `parent` is gone, whatever it died of."""
    config = uvicorn.Config(
        application,
        http=FastPathProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Proxies are trusted by KGEN_TRUSTED_PROXIES, and only for the addresses that limits count by.
        proxy_headers=False,
    )
    server = uvicorn.Server(config)

    def end(*_: object) -> None:
        server.should_exit = True

    # uvicorn's handlers stand in front of these while it serves. Afterwards it raises the signal again: with Python's
    # own handlers the process would die of it before it has written its last log lines.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    sys.setswitchinterval(SWITCH_SECONDS)
    gather_requests()
    gc.collect()
    gc.freeze()
    try:
        asyncio.run(_serve(server, host, port, parent), loop_factory=uvloop.new_event_loop)
    finally:
        write_gathered()


async def _serve(server: uvicorn.Server, host: str, port: int, parent: int) -> None:
    ticking = asyncio.create_task(_tick(server, parent))
    await server.serve(sockets=[listen(host, port)])
    ticking.cancel()


async def _tick(server: uvicorn.Server, parent: int) -> None:
    """Write the gathered log lines, and end the server with its parent."""
    while True:
        write_gathered()
        if os.getppid() != parent:
            server.should_exit = True
        await asyncio.sleep(TICK_SECONDS)
