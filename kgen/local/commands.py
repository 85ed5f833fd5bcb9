"""The commands of `python -m kgen.local`: up, run, reset."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import home as homes
from . import product, services, state
from .children import ProcessSpec
from .failure import Refused, StopRequested, refusal_of
from .home import Home
from .signals import Signals
from .supervisor import Supervisor, say

_LEAST_FREE_BYTES = 1_000_000


def up(path: Path) -> int:
    """Run the product in the foreground until Ctrl-C or SIGTERM. Returns 0 after a clean stop."""
    began = time.monotonic()
    options = product.WebOptions.configured()
    with _stack(path) as (home, _signals, supervisor), options.reserved_port():
        try:
            running = services.start(home, supervisor)
            state.migrate(home, running, supervisor)
            facts = state.seed(home, running, supervisor, options.base_url)
            web = supervisor.start(product.web(home, running, options))
            supervisor.await_up(web, options.ready, seconds=120)
            say(_panel(home, facts, time.monotonic() - began))
            for program in (product.worker, product.messenger, product.beat):
                supervisor.start(program(home, running)).came_up = True
            supervisor.run_until_stopped()
        except StopRequested:
            pass
        say("kgen: stopping")
    return 0


def run(path: Path, command: Sequence[str], *, fast: bool) -> int:
    """Run a command with a database and a broker of its own, without the product. Returns its exit code."""
    with _stack(path) as (home, _, supervisor):
        try:
            running = services.start(home, supervisor, fast=fast)
            environment = running.environment
            spec = ProcessSpec(command[0], command, environment, own_session=False, immediate_signal=signal.SIGTERM)
            return supervisor.run_in_foreground(spec)
        except StopRequested:
            return 130


def reset(path: Path) -> int:
    """Delete the home."""
    say(f"kgen: {homes.reset(path)}")
    return 0


@contextlib.contextmanager
def _stack(path: Path) -> Iterator[tuple[Home, Signals, Supervisor]]:
    """Lock the home and start nothing yet. At the end every process that was started has ended."""
    home = homes.open_home(path)
    with homes.locked(home) as lock, Signals() as signals:
        supervisor = Supervisor(signals, lock)
        try:
            yield home, signals, supervisor
        except OSError as error:
            raise refusal_of(error, home.path) from error
        except Refused as refusal:
            raise _explained(refusal, home) from None
        finally:
            supervisor.stop()
            homes.forget_socket_folder(home)


def _explained(refusal: Refused, home: Home) -> Refused:
    """Name a full disk as the reason: then the logs are cut off and the refusal may be misleading."""
    if shutil.disk_usage(home.path).free < _LEAST_FREE_BYTES:
        return Refused(f"no space left on the disk of {home.path} ({refusal})")
    return refusal


def _panel(home: Home, facts: dict[str, Any], seconds: float) -> str:
    base = facts["base_url"]
    console = os.environ.get("KGEN_CONSOLE_PATH", "console").strip("/")
    headers = {
        "content-type": "application/json",
        "x-client-id": facts["client_id"],
        "x-client-secret": facts["client_secret"],
    }
    curl = ["curl", "-sX", "POST", f"{base}/s2s/session", "-d", '{"user_id":"player-1"}']
    curl += [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    return f"""
kgen is ready after {seconds:.1f} s. Ctrl-C stops it and keeps the data.

  API        {base}    docs {base}/docs    console {base}/{console}/
  client     {facts["client_id"]}    secret {facts["client_secret"]}
  operator   {facts["operator_username"]}    password {facts["operator_password"]}
  logs       {home.path}/*.log    for programs: quickstart.json beside them

  {shlex.join(curl)}
"""
