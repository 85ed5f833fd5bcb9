"""One process of the web server."""

import gc
import os
import sys

import uvicorn

from kgen.asgi import application
from kgen.logs import gather_requests, write_gathered
from kgen.serving.listening import listen
from kgen.serving.protocol import BoundedProtocol

BACKLOG = 2048
# After SIGTERM a request has this long to be answered.
GRACE_SECONDS = 10
# Threads hand results to the loop all the time; Python's own 5 ms are longer than most requests take.
SWITCH_SECONDS = 0.001


def work(host: str, port: int, *, parent: int) -> None:
    """Serve until SIGTERM, or until the process `parent` is gone."""
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http=BoundedProtocol,
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
    listener = listen(host, port)
    config.load()
    sys.setswitchinterval(SWITCH_SECONDS)
    gather_requests()
    gc.collect()
    gc.freeze()
    try:
        Server(config, parent=parent).run([listener])
    finally:
        write_gathered()


class Server(uvicorn.Server):
    """Ends with its parent, whatever that one died of."""

    def __init__(self, config: uvicorn.Config, *, parent: int) -> None:
        super().__init__(config)
        self.parent = parent

    async def on_tick(self, counter: int) -> bool:
        # Ten times a second.
        write_gathered()
        return os.getppid() != self.parent or await super().on_tick(counter)
