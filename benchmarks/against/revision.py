"""Another revision in a folder of its own, ready to be started."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from kgen.local.children import ProcessSpec
from kgen.local.failure import Refused
from kgen.local.home import CHECKOUT, Home
from kgen.local.supervisor import Supervisor, say

# What an environment's packages follow from.
_PACKAGES = ("requirements-dev.txt", ".python-version")
# What a `make` above us has told itself is not meant for the revision's own.
_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES")


@dataclass(frozen=True)
class Revision:
    """A tree with an interpreter that has its packages; `label` names it in reports."""

    label: str
    folder: Path
    python: Path


def this_tree() -> Revision:
    """The tree that measures, as it lies in its folder."""
    changed = " with changes" if _git(CHECKOUT, "status", "--porcelain").strip() else ""
    return Revision(f"this tree ({commit_of('HEAD', CHECKOUT)[:9]}{changed})", CHECKOUT, Path(sys.executable))


def prepare(name: str, home: Home, supervisor: Supervisor) -> Revision:
    """The revision's files in a folder of the home, and an interpreter with its packages.

    Packages are shared with this tree where both trees want the same ones; else the revision's own Makefile installs
    them. The repository is only read. :raises Refused: no such revision, or its packages cannot be installed.
    """
    commit = commit_of(name, CHECKOUT)
    folder = home.path / "revision"
    extract(commit, CHECKOUT, folder)
    revision = Revision(f"{name} ({commit[:9]})", folder, Path(sys.executable))
    if wants_same_packages(folder, CHECKOUT):
        return revision
    say(f"bench: installing the packages of {name}")
    uv = CHECKOUT / ".uv"
    if uv.exists():
        (folder / ".uv").symlink_to(uv.resolve())
    environment = {key: value for key, value in os.environ.items() if key not in _OF_MAKE}
    make = ProcessSpec("make packages", ["make", "packages"], environment, log=home.log("packages"), folder=folder)
    child = supervisor.run(make)
    if child.code() != 0:
        raise Refused(f"--against: the packages of {name} could not be installed: {child.last_error()}")
    return Revision(revision.label, folder, folder / ".venv/bin/python")


def commit_of(name: str, repository: Path) -> str:
    """The full id of the commit that a name means. :raises Refused: it means none."""
    wanted = f"{name}^{{commit}}"
    try:
        return _git(repository, "rev-parse", "--verify", "--end-of-options", wanted).strip()
    except Refused as refusal:
        raise Refused(f"{refusal} ({name!r} is to be a commit, a branch or a tag)") from None


def extract(commit: str, repository: Path, folder: Path) -> None:
    """The commit's files, without any trace in the repository."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    _git(repository, "archive", "--format=tar", f"--output={archive}", commit)
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    archive.unlink()


def wants_same_packages(one: Path, other: Path) -> bool:
    """Whether two trees name the same packages, byte for byte, and the same Python."""
    return all(
        (one / name).exists() and (other / name).exists() and filecmp.cmp(one / name, other / name, shallow=False)
        for name in _PACKAGES
    )


def _git(repository: Path, *arguments: str) -> str:
    try:
        said = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True)
    except FileNotFoundError:
        raise Refused("--against: git is missing") from None
    if said.returncode != 0:
        lines = said.stderr.strip().splitlines()
        raise Refused(f"--against: {lines[-1].removeprefix('fatal: ') if lines else f'git {arguments[0]} failed'}")
    return said.stdout
