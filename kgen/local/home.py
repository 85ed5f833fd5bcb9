"""$KGEN_HOME: the folder that holds all state of the local stack."""

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
# `reset` deletes only folders that hold this file.
MARKER = ".kgen-home"
# sun_path has 108 bytes on Linux, 104 on macOS: "/.s.PGSQL.5432" and a NUL must fit behind the folder.
LONGEST_SOCKET_FOLDER = 92 if sys.platform == "linux" else 88
# Characters that are no punctuation in PostgreSQL's list of folders, libpq's list of hosts or an address.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/ +@=-]*")


@dataclass(frozen=True)
class Home:
    """A home that exists, was made by kgen and is closed to other users."""

    path: Path

    def read_json(self, name: str) -> dict[str, Any]:
        """The content that write_json stored. An absent or damaged file counts as empty."""
        try:
            found = json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Replace the file atomically: a crash leaves the old or the new one. Only the owner can read it."""
        fresh = self.path / f"{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)

    def made_by_kgen(self) -> list[Path]:
        """The home and the folders above it that `open_home` has created, from the home upwards."""

        def is_ours(folder: Path) -> bool:
            return (folder / MARKER).exists() and folder.stat().st_uid == os.geteuid()

        return list(itertools.takewhile(is_ours, (self.path, *self.path.parents)))

    def log(self, name: str) -> Path:
        """The path of a log. A file larger than 20 MB is renamed to `.log.1` first."""
        path = self.path / f"{name}.log"
        if path.exists() and path.stat().st_size > 20_000_000:
            path.replace(path.with_suffix(".log.1"))
        return path


def chosen_path(given: str | None = None) -> Path:
    """The home's path: the argument, else $KGEN_HOME, else `.kgen` in the checkout."""
    return Path(os.path.abspath(given or os.environ.get("KGEN_HOME") or CHECKOUT / ".kgen"))


def open_home(path: Path) -> Home:
    """Create the home if it is missing.

    :raises Refused: the folder holds other files, or cannot be created.
    """
    try:
        _create_marked(path)
        if not (path / MARKER).exists():
            if any(path.iterdir()):
                raise Refused(f"setting KGEN_HOME: {path} holds other files and was not made by kgen")
            (path / MARKER).touch()
        # PostgreSQL as `nobody` needs 0711 to reach its data (see privileges). The secrets are 0600.
        if stat.S_IMODE(path.stat().st_mode) != 0o711:
            path.chmod(0o700)
    except OSError as error:
        raise refusal_of(error, path) from error
    return Home(path)


def _create_marked(path: Path) -> None:
    if not path.exists():
        _create_marked(path.parent)
        path.mkdir(mode=0o700)
        (path / MARKER).touch()


@dataclass(frozen=True)
class HomeLock:
    """The home stays locked until the last process with `descriptor` has ended: the launcher or its watchdog."""

    descriptor: int


@contextlib.contextmanager
def locked(home: Home, *, patience_seconds: float = 20) -> Iterator[HomeLock]:
    """Lock the home for the block. The watchdog of a killed launcher is waited for.

    :raises Refused: a launcher runs there, or a killed one's processes do not end in time.
    """
    with _flock(home.path / "launcher.lock") as own, _flock(home.path / "stack.lock") as shared:
        if not _try(own):
            raise Refused(f"a stack is already running in {home.path} (process {_pid_in(own) or 'unknown'})")
        if not os.fstat(own).st_nlink:
            raise Refused(f"{home.path} was just reset; try again")
        os.truncate(own, 0)
        os.pwrite(own, str(os.getpid()).encode(), 0)
        _await_lock(shared, home, patience_seconds)
        yield HomeLock(shared)


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
            raise Refused(f"the processes of a killed stack in {home.path} have not ended; see `ps -ef | grep kgen`")
        time.sleep(0.05)


def _pid_in(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", "replace")


def socket_folder(home: Home) -> Path:
    """A private folder whose path is short enough for sockets one level below: in the home, else a temporary one."""
    inside = home.path / "run"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    remembered = Path(home.read_json("sockets.json").get("folder", "/nonexistent"))
    folder = remembered if _is_private(remembered) else _temporary_folder(home)
    home.write_json("sockets.json", {"folder": str(folder)})
    return folder


def forget_socket_folder(home: Home) -> None:
    """Delete the temporary folder, if there is one. Its servers must have ended."""
    folder = home.read_json("sockets.json").get("folder")
    if folder and _is_private(Path(folder)):
        shutil.rmtree(folder, ignore_errors=True)


def _fits(folder: Path) -> bool:
    short = len(os.fsencode(folder / "pg")) <= LONGEST_SOCKET_FOLDER
    return short and _PLAIN_PATH.fullmatch(str(folder)) is not None


def _temporary_folder(home: Home) -> Path:
    """A folder with the same name each time, so that addresses stay; with a random one if another user has taken it."""
    name = f"kgen-{os.getuid()}-{hashlib.sha256(os.fsencode(home.path)).hexdigest()[:12]}"
    base = Path(tempfile.gettempdir())
    base = base if _fits(base / f"{name}-12345678") else Path("/tmp")  # noqa: S108 (a private folder in it)
    with contextlib.suppress(FileExistsError):
        (base / name).mkdir(mode=0o700)
    return base / name if _is_private(base / name) else Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))


def _is_private(folder: Path) -> bool:
    """Whether it is a folder, no link, of this user, that no other user can write to. Others may plant one in /tmp."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def reset(path: Path) -> str:
    """Delete the home; a line for the user.

    :raises Refused: kgen has not made it, or a stack runs there or in a folder of it such as `test`.
    """
    if not path.exists():
        return f"nothing to delete: {path} does not exist"
    if not (path / MARKER).exists():
        raise Refused(f"{path} was not made by kgen and is left unchanged")
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
    return f"deleted {path}; the next `make up` starts from scratch"
