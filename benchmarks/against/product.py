"""One of the two products: started by its own launcher from its own folder, with databases of its own."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable

from benchmarks import processes
from benchmarks.against.revision import Revision
from benchmarks.stack import ARRANGEMENT, LIMITS, Stack, free_port
from kgen.local.children import ProcessSpec
from kgen.local.failure import Refused
from kgen.local.home import Home, open_home
from kgen.local.product import WebOptions
from kgen.local.services import Services
from kgen.local.signals import Signals
from kgen.local.supervisor import Supervisor, say

# Both would work on one database, or look for modules in one folder.
_SHARED = ("DATABASE_URL", "REDIS_URL", "PYTHONPATH")
_START_SECONDS = 300


def start(revision: Revision, home: Home, name: str, signals: Signals, supervisor: Supervisor) -> Stack:
    """Start `kgen.local up` of the revision in the folder `name` of the home; returns when its web server answers.

    What is known of the other revision is its command line, and what it leaves in its home: quickstart.json,
    secrets.json, web.log. :raises Refused: it does not start.
    """
    say(f"bench: starting {revision.label}")
    own = open_home(home.path / name)
    port = free_port()
    environment = {key: value for key, value in (ARRANGEMENT | os.environ).items() if key not in _SHARED}
    environment |= LIMITS | {"PORT": str(port), "KGEN_HOME": str(own.path)}
    launcher = ProcessSpec(
        revision.label,
        [str(revision.python), "-m", "kgen.local", "up"],
        environment,
        log=home.log(name),
        # It ends the programs of its own first, and PostgreSQL may take its time.
        grace_seconds=60,
        folder=revision.folder,
    )
    how = WebOptions(port=port, workers=int(environment["KGEN_WEB_WORKERS"]), threads=0)
    kept = supervisor.start(launcher)
    supervisor.await_up(kept, how.ready, _START_SECONDS)
    facts = own.read_json("quickstart.json")
    try:
        addresses = {"DATABASE_URL": facts["database_url"], "REDIS_URL": facts["redis_url"]}
    except KeyError as missing:
        raise Refused(f"{revision.label}: its quickstart.json lacks {missing}") from None
    environment |= own.read_json("secrets.json") | addresses | {"KGEN_LOCAL": "1"}
    services = Services(addresses["DATABASE_URL"], addresses["REDIS_URL"], environment)
    return Stack(own, signals, supervisor, services, how, {revision.label: kept})


class Clocks:
    """CPU of one product: of its database, of its Valkey, and of all its other processes together."""

    def __init__(self, launcher: int) -> None:
        self._launcher = launcher

    def read(self) -> dict[str, float | None]:
        """CPU seconds since each began."""
        if not processes.is_measurable():
            return {"server": None, "database": None, "valkey": None}
        named = {pid: processes.name_of(pid) for pid in processes.below(self._launcher)}
        database = self._of(pid for pid, name in named.items() if name == "postgres")
        valkey = self._of(pid for pid, name in named.items() if name.startswith("valkey"))
        whole = processes.cpu_seconds(self._launcher)
        return {"server": whole - database - valkey, "database": database, "valkey": valkey}

    def _of(self, found: Iterable[int]) -> float:
        """Of those that the launcher itself has started, with what is below them."""
        return sum(processes.cpu_seconds(pid) for pid in found if processes.parent_of(pid) == self._launcher)


def rest(stack: Stack) -> None:
    """Stop its clock: its workers get nothing to do from now on."""
    _signal_beat(stack, signal.SIGSTOP)


def wake(stack: Stack) -> None:
    """Let its clock go on."""
    _signal_beat(stack, signal.SIGCONT)


def _signal_beat(stack: Stack, number: int) -> None:
    for kept in stack.programs.values():
        for pid in processes.below(kept.child.pid):
            if "beat" in processes.arguments_of(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
