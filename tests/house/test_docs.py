"""The documents say what the code does: links, settings, errors, commands, columns, packages."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from kgen.api.schema import known_errors
from tests.support.documents import ALWAYS_SET, ROOT, read, settings_read
from tests.support.schema import document

DOCS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]


def prose(text: str) -> str:
    """Markdown without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as they are linked to."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text()), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_an_existing_target(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text())):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_decision_once_in_order() -> None:
    pages = [page.name for page in sorted((ROOT / "docs/decisions").glob("0*.md"))]
    listed = re.findall(r"\[(\d{4})\]\(([^)]+)\)", read("docs/decisions/README.md"))
    assert [name for _, name in listed] == pages
    assert [number for number, _ in listed] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        title = read(f"docs/decisions/{page}").partition("\n")[0]
        assert title.startswith(f"# {int(page[:4])}. "), title


def example() -> dict[str, str]:
    """What .env.example lists: #NAME=default, or NAME= where it must be set."""
    rows = re.findall(r"^(#?)([A-Z][A-Z0-9_]+)=(.*)$", read(".env.example"), flags=re.M)
    assert len({name for _, name, _ in rows}) == len(rows), "each stands once"
    unmarked = {name: value for mark, name, value in rows if not mark}
    assert unmarked == dict.fromkeys(ALWAYS_SET, "")
    return {name: value for _, name, value in rows}


def test_the_settings_example_names_every_setting_and_no_other() -> None:
    read_there = settings_read()
    assert len(read_there) > 45
    assert set(example()) == set(read_there)


def test_the_settings_example_shows_the_real_defaults() -> None:
    shown = example()
    known = {name: default for name, default in settings_read().items() if default is not None}
    assert {name: shown[name] for name in known} == known
    worked_out = {
        "KGEN_HOME",
        "KGEN_SECURE_COOKIES",
        "KGEN_CONSOLE_SECOND_FACTOR",
        "KGEN_LOG_FORMAT",
        "KGEN_WEBHOOK_PRIVATE",
        "SMS_PROVIDER",
        "SMS_URL",
    }
    assert set(shown) - set(known) == worked_out


def test_a_shell_can_read_the_settings_example() -> None:
    for line in read(".env.example").splitlines():
        assert not line or line.startswith("#") or shlex.split(line) == [line], line


def error_rows() -> dict[str, int]:
    """The codes of docs/errors.md with their statuses."""
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$", read("docs/errors.md"), flags=re.M)
    assert len({code for _, code in rows}) == len(rows), "each stands once"
    return {code: int(status) for status, code in rows}


def test_every_error_is_documented_with_its_status() -> None:
    Client().get("/healthz")  # loads all that answers, and every app's errors with it
    assert error_rows() == {code: error.status for code, error in known_errors().items()}


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.M))
    for page in DOCS:
        commands = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), flags=re.M)
        assert set(commands) <= targets, page
    promised = {"up", "demo", "test", "reset", "help"}
    assert promised <= targets
    assert promised <= set(re.findall(r"\bmake ([a-z]+)", read("README.md")))


def test_every_call_of_the_walk_is_in_the_schema() -> None:
    called = re.findall(r"\$BASE_URL(/[^\"? ]+)", read("README.md"))
    paths = {path.replace("$TOURNAMENT_UID", "{uid}") for path in called}
    assert len(paths) == 5
    assert paths <= set(document()["paths"])


@pytest.mark.django_db
def test_every_column_of_the_audit_views_is_documented() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) "
            "FROM information_schema.columns WHERE table_schema = 'audit' GROUP BY table_name"
        )
        views = dict(cursor.fetchall())
    sections = re.findall(r"^### audit\.(\w+)\n(.*?)(?=^#|\Z)", read("docs/ledger.md"), flags=re.M | re.S)
    documented = {name: re.findall(r"^\| `(\w+)` \|", text, flags=re.M) for name, text in sections}
    assert documented == views


def test_every_dependency_has_a_documented_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = [re.split(r"[\[<>=]", line)[0] for line in wanted]
    assert (
        re.findall(r"^\| ([a-z-]+) \|", read("docs/decisions/0002-libraries.md").replace("| package |", ""), flags=re.M)
        == names
    )


def text_files() -> list[Path]:
    """Everything that git keeps or would keep."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True) if shutil.which("git") else None
    if listed and listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        hidden = {path.name for path in ROOT.glob(".*") if path.is_dir() and path.name != ".ci"}
        found = [path for path in ROOT.rglob("*") if not hidden & set(path.relative_to(ROOT).parts)]
    return [path for path in found if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def test_no_file_names_a_package_registry_or_a_path_of_this_machine() -> None:
    registries = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
    places = [re.escape(str(path)) for path in (ROOT, Path.home()) if len(str(path)) > 4]
    forbidden = re.compile("|".join([*map(re.escape, registries), *(rf"(?<![\w./-]){place}/" for place in places)]))
    files = text_files()
    assert ROOT / "README.md" in files
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in files
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []
