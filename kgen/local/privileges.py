"""The user that PostgreSQL runs as: it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path


class Identity(Enum):
    """The user that PostgreSQL runs as."""

    OURSELVES = "ourselves"
    # Root, mapped to user 1000 in a user namespace. Its files stay root's.
    NAMESPACE = "namespace"
    NOBODY = "nobody"

    @property
    def change_identity(self) -> Callable[[], None] | None:
        """The function that a child calls before its exec, or None."""
        return {Identity.NAMESPACE: _enter_namespace, Identity.NOBODY: _change_to_nobody}.get(self)


def identity() -> Identity:
    """An ordinary user runs it as itself; root in a user namespace, or as `nobody` where namespaces are forbidden."""
    if os.geteuid() != 0:
        return Identity.OURSELVES
    return Identity.NAMESPACE if sys.platform == "linux" and _namespaces_work() else Identity.NOBODY


def _namespaces_work() -> bool:
    child = os.fork()
    if child == 0:
        try:
            _enter_namespace()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _enter_namespace() -> None:
    os.unshare(os.CLONE_NEWUSER)
    for name, content in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, content.encode())
        os.close(descriptor)


def _change_to_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def change_owner(folder: Path, identity: Identity) -> None:
    """Give a folder and everything in it to the user that PostgreSQL runs as. Does nothing unless run by root."""
    if os.geteuid() != 0:
        return
    owner = pwd.getpwnam("nobody") if identity is Identity.NOBODY else pwd.getpwuid(0)
    if folder.stat().st_uid == owner.pw_uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def allow_traversal(folder: Path) -> None:
    """Let every user reach a file in the folder by its name. Listing and changing stay as they were."""
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)


def first_closed_folder(path: Path) -> Path | None:
    """The topmost folder above the path that the user `nobody` cannot enter, or None."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None
