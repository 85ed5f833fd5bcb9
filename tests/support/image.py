"""What the container image holds, computed from deploy/Dockerfile and its ignore file: no container engine is here."""

import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath

from tests.support.launcher import CHECKOUT

DOCKERFILE = CHECKOUT / "deploy/Dockerfile"
IGNORED = CHECKOUT / "deploy/Dockerfile.dockerignore"


def tracked() -> list[str]:
    """The files of the checkout that git keeps, or would keep: a new one need not be added first."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (CHECKOUT / name).is_file()]


def in_context(name: str) -> bool:
    """Whether the ignore file lets a file through: the last pattern that matches it, or a folder above it, decides."""
    path = PurePosixPath(name)
    places = [str(place) for place in (path, *path.parents) if place.name]
    passes = True
    for line in IGNORED.read_text().splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            negated, matches = pattern.startswith("!"), _regex(pattern.removeprefix("!"))
            if any(matches.fullmatch(place) for place in places):
                passes = negated
    return passes


def _regex(pattern: str) -> re.Pattern[str]:
    """An ignore file's pattern: `*` and `?` stay within a name, `**` is any number of folders."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    return re.compile("".join(parts.get(part, re.escape(part)) for part in found))


def copied(names: list[str]) -> dict[str, str]:
    """Of these files of the checkout those in the image: their paths below its work folder, and whence they come."""
    stage = re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.M)[-1]
    found = {}
    for line in re.findall(r"^COPY (?!--from)(.+)$", stage, flags=re.M):
        *sources, target = line.split()
        for source in sources:
            for name in filter(in_context, names):
                place = _placed(PurePosixPath(name), PurePosixPath(source), target)
                if place is not None:
                    found[str(place)] = name
    return found


def _placed(name: PurePosixPath, source: PurePosixPath, target: str) -> PurePosixPath | None:
    """Where `COPY source target` puts a file: a folder's content goes into the target, a file there or in its place."""
    if name == source:
        return PurePosixPath(target) / name.name if target.endswith((".", "/")) else PurePosixPath(target)
    return PurePosixPath(target) / name.relative_to(source) if name.is_relative_to(source) else None


def export(folder: Path) -> Path:
    """The product as it lies in the image's work folder."""
    for place, name in copied(tracked()).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, folder / place)
    return folder
