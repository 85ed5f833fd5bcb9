"""The tests themselves: what several modules need lives in tests/support, once."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.support.documents import ROOT

MODULES = sorted((ROOT / "tests").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their full names."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return whole | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def constants(path: Path) -> Iterator[tuple[str, str]]:
    """The name and the value, as source, of each constant of a module."""
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = list(zip(names, values, strict=True))
            case ast.Assign(targets=[name], value=value):
                pairs = [(name, value)]
            case _:
                pairs = []
        yield from ((name.id, ast.unparse(value)) for name, value in pairs if isinstance(name, ast.Name))


def test_no_module_imports_a_test_module_or_a_conftest() -> None:
    found = {str(path.relative_to(ROOT)): imported(path) for path in MODULES}
    assert found["tests/house/test_tests.py"] >= {"ast", "tests.support.documents"}
    lasts = {path: {name for name in names if name.startswith("tests.")} for path, names in found.items()}
    wrong = {
        (path, name)
        for path, names in lasts.items()
        for name in names
        if name.rpartition(".")[2].startswith(("test_", "conftest"))
    }
    assert wrong == set()


def test_no_constant_is_written_in_two_modules() -> None:
    places = defaultdict(set)
    for path in MODULES:
        for name, value in constants(path):
            if name.isupper():
                places[name, value].add(str(path.relative_to(ROOT)))
    assert len(places) > 100
    assert {name: sorted(paths) for (name, _), paths in places.items() if len(paths) > 1} == {}
