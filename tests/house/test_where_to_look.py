"""The index "Where to look" in docs/architecture.md names files and functions that exist."""

import ast
import re

import pytest

from tests.support.documents import ROOT, read

# | question | `path` · `name`, `name` |
ROW = re.compile(r"^\| ([^|]+\?) \| `([^`]+)` · ([^|]+) \|$", flags=re.M)


def rows() -> list[tuple[str, str, str]]:
    """(question, path, name) of each function that the index names."""
    index = read("docs/architecture.md").partition("## Where to look")[2].partition("\n## ")[0]
    return [
        (question, path, name)
        for question, path, names in ROW.findall(index)
        for name in re.findall(r"`([^`]+)`", names)
    ]


def names_in(path: str) -> set[str]:
    """The functions, classes, methods (as `Class.method`) and constants of a module."""
    found = set()
    for node in ast.parse(read(path)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
    return found


def test_the_index_has_at_least_thirty_questions() -> None:
    questions = {question for question, _, _ in rows()}
    assert len(questions) >= 30
    table = read("docs/architecture.md").partition("## Where to look")[2].partition("\n## ")[0]
    assert len(questions) == len([line for line in table.splitlines() if line.startswith("| ") and "?" in line])


@pytest.mark.parametrize(("question", "path", "name"), rows())
def test_the_file_and_function_of_each_answer_exist(question: str, path: str, name: str) -> None:
    assert (ROOT / path).is_file(), question
    assert name in names_in(path), question
