"""One name stands for one thing: a module-level class name is used once in the product."""

import ast
from collections import defaultdict

from tests.support.documents import ROOT
from tests.support.modules import product_modules

# Names that a framework prescribes for each of its modules.
PRESCRIBED = {
    "Command": "Django finds a management command's class by this name",
}


def classes_by_name() -> dict[str, list[str]]:
    """The modules that define each class at their top level."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in product_modules():
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(module.relative_to(ROOT)))
    return found


def test_a_class_name_is_used_once_in_the_product() -> None:
    repeated = {name: modules for name, modules in classes_by_name().items() if len(modules) > 1}
    assert {name: modules for name, modules in repeated.items() if name not in PRESCRIBED} == {}


def test_every_exception_is_needed() -> None:
    found = classes_by_name()
    assert [name for name in PRESCRIBED if len(found[name]) < 2] == []
