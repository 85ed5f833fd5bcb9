"""$KGEN_HOME: the one folder that holds everything the local stack remembers."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import Refused, refusal_of

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# Only a folder that carries it is ever emptied by `reset`.
MARKER = ".kgen-home"
# sun_path has 108 bytes on Linux, 104 on macOS: "/.s.PGSQL.5432" and a NUL must fit behind the folder.
LONGEST_SOCKET_FOLDER = 92 if sys.platform == "linux" else 88
# What neither PostgreSQL's folder list, libpq's host list nor an address would take for punctuation.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/ +@=-]*")


@dataclass(frozen=True)
class Home:
    """A home that exists, is ours and is closed to others."""

    path: Path

    def read_json(self, name: str) -> dict[str, Any]:
        """What write_json left there; an absent or damaged file counts as empty."""
        try:
            found = json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Replace the file in one step, readable by its owner only: a crash leaves the old or the new one."""
        fresh = self.path / f"{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)

    def made_by_kgen(self) -> list[Path]:
        """The home and the folders above it that `open_home` has made for it, from the home upwards."""

        def is_ours(folder: Path) -> bool:
            return (folder / MARKER).exists() and folder.stat().st_uid == os.geteuid()

        return list(itertools.takewhile(is_ours, (self.path, *self.path.parents)))

    def log(self, name: str) -> Path:
        """The log file of that name; one that has grown past 20 MB is put aside first."""
        path = self.path / f"{name}.log"
        if path.exists() and path.stat().st_size > 20_000_000:
            path.replace(path.with_suffix(".log.1"))
        return path


def chosen_path(given: str | None = None) -> Path:
    """The home's place: the argument, else $KGEN_HOME, else `.kgen` in the checkout."""
    return Path(os.path.abspath(given or os.environ.get("KGEN_HOME") or CHECKOUT / ".kgen"))


def open_home(path: Path) -> Home:
    """Make the home if it is missing. A folder with somebody else's files is refused, never adopted."""
    try:
        _make_marked(path)
        if not (path / MARKER).exists():
            if any(path.iterdir()):
                raise Refused(f"setting KGEN_HOME: {path} holds other files and was not made by kgen")
            (path / MARKER).touch()
        # 0711 is what PostgreSQL as `nobody` needs to reach its data (see privileges); the secrets are 0600.
        if stat.S_IMODE(path.stat().st_mode) != 0o711:
            path.chmod(0o700)
    except OSError as error:
        raise refusal_of(error, path) from error
    return Home(path)


def _make_marked(path: Path) -> None:
    if not path.exists():
        _make_marked(path.parent)
        path.mkdir(mode=0o700)
        (path / MARKER).touch()


@dataclass(frozen=True)
class Lock:
    """The home is ours until the last process that carries `descriptor` is gone: launcher or guardian."""

    descriptor: int


@contextlib.contextmanager
def locked(home: Home, *, patience_seconds: float = 20) -> Iterator[Lock]:
    """Hold the home. A living launcher there is refused at once, a killed one's guardian is waited for."""
    with _flock(home.path / "launcher.lock") as own, _flock(home.path / "stack.lock") as shared:
        if not _try(own):
            raise Refused(f"a stack is already running in {home.path} (process {_pid_in(own) or 'unknown'})")
        if not os.fstat(own).st_nlink:
            raise Refused(f"{home.path} was reset at this very moment; try again")
        os.truncate(own, 0)
        os.pwrite(own, str(os.getpid()).encode(), 0)
        _await_lock(shared, home, patience_seconds)
        yield Lock(shared)


@contextlib.contextmanager
def _flock(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise refusal_of(error, path) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _await_lock(descriptor: int, home: Home, patience_seconds: float) -> None:
    give_up_at = time.monotonic() + patience_seconds
    while not _try(descriptor):
        if time.monotonic() > give_up_at:
            raise Refused(f"what a killed stack left in {home.path} does not end; see `ps -ef | grep kgen`")
        time.sleep(0.05)


def _pid_in(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", "replace")


def socket_folder(home: Home) -> Path:
    """A private folder, short enough for sockets in a folder below: in the home, else a temporary one."""
    inside = home.path / "run"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    remembered = Path(home.read_json("sockets.json").get("folder", "/nonexistent"))
    folder = remembered if _is_private(remembered) else _temporary_folder(home)
    home.write_json("sockets.json", {"folder": str(folder)})
    return folder


def forget_socket_folder(home: Home) -> None:
    """Remove the temporary folder, if there is one. It is empty of life by now."""
    folder = home.read_json("sockets.json").get("folder")
    if folder and _is_private(Path(folder)):
        shutil.rmtree(folder, ignore_errors=True)


def _fits(folder: Path) -> bool:
    short = len(os.fsencode(folder / "pg")) <= LONGEST_SOCKET_FOLDER
    return short and _PLAIN_PATH.fullmatch(str(folder)) is not None


def _temporary_folder(home: Home) -> Path:
    """The same name each time, so that addresses stay; a random one if somebody else sits on that name."""
    name = f"kgen-{os.getuid()}-{hashlib.sha256(os.fsencode(home.path)).hexdigest()[:12]}"
    base = Path(tempfile.gettempdir())
    base = base if _fits(base / f"{name}-12345678") else Path("/tmp")  # noqa: S108 (a private folder in it)
    with contextlib.suppress(FileExistsError):
        (base / name).mkdir(mode=0o700)
    return base / name if _is_private(base / name) else Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))


def _is_private(folder: Path) -> bool:
    """A real folder, ours, that nobody else may write: who plants one of that name in /tmp fails here."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def reset(path: Path) -> str:
    """Forget everything in the home and say so. Refused while a stack runs there or in its `test` folder."""
    if not path.exists():
        return f"nothing to forget: {path} does not exist"
    if not (path / MARKER).exists():
        raise Refused(f"{path} was not made by kgen; it stays as it is")
    with contextlib.ExitStack() as held:
        homes = [Home(found.parent) for found in (path / MARKER, *path.glob(f"*/{MARKER}"))]
        for home in homes:
            held.enter_context(locked(home))
        for home in homes:
            forget_socket_folder(home)
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise refusal_of(error, path) from error
    return f"{path} is gone; the next `make up` starts afresh"
