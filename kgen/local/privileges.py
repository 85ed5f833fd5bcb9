"""PostgreSQL refuses to run as root. Who it runs as instead."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path


class Identity(Enum):
    """As whom PostgreSQL runs."""

    OURSELVES = "ourselves"
    # Root that looks like user 1000 from inside a user namespace: the files stay root's.
    NAMESPACE = "namespace"
    NOBODY = "nobody"

    @property
    def become(self) -> Callable[[], None] | None:
        """What a child of ours has to call before it becomes PostgreSQL."""
        return {Identity.NAMESPACE: _enter_namespace, Identity.NOBODY: _become_nobody}.get(self)


def identity() -> Identity:
    """Ourselves as an ordinary user; as root a user namespace, or `nobody` where those are forbidden."""
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


def _become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def hand_over(folder: Path, who: Identity) -> None:
    """Make the folder and all in it belong to whom PostgreSQL runs as. Only root can, only root has to."""
    if os.geteuid() != 0:
        return
    owner = pwd.getpwnam("nobody") if who is Identity.NOBODY else pwd.getpwuid(0)
    if folder.stat().st_uid == owner.pw_uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def let_nobody_pass(folder: Path) -> None:
    """Everybody may reach what lies in the folder under a name they know; nobody else may list or change it."""
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)


def unreachable_for_nobody(path: Path) -> Path | None:
    """The first folder on the way to the path that `nobody` may not pass, or None."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None
