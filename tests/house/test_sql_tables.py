"""SQL keeps to its app: a statement names its own app's tables; what another app exports it takes as a part."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from esports.models import LeaderboardRow
from esports.ranking import SortKey
from esports.selectors.boards import BEST_FIRST
from esports.sql import ORDER
from tests.support.modules import product_modules

ROOT: Path = settings.BASE_DIR
# (module, another app's table or model): why the module names it instead of asking a selector or taking a part.
DECLARED: dict[tuple[str, str], str] = {
    (
        "kgen/admin_site/guards.py",
        "django_session",
    ): "removes expired sessions by the database's clock, as Django's own method does by the process's",
    ("kgen/admin_site/groups.py", "auth.Group"): "operators' groups are rows of Django's own app",
    ("kgen/admin_site/groups.py", "auth.Permission"): "their rights are too",
    ("kgen/admin_site/groups.py", "contenttypes.ContentType"): "and what the rights are about",
}


def tables() -> dict[str, str]:
    """The app of each table that a model stands for."""
    return {model._meta.db_table: model._meta.app_label for model in apps.get_models(include_auto_created=True)}


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module but for docstrings, and for the tables that a foreign key refers to.

    Python has joined adjacent literals by then. The parts of an f-string come one by one.
    """
    ignored: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            ignored.add(node.value)
        if isinstance(node, ast.keyword) and node.arg == "to_table":
            ignored.add(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in ignored:
            yield node.value


def models(tree: ast.AST) -> Iterator[str]:
    """The models that a module gets by their names, as "app.Model"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_model":
            names = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if names and len(names) == len(node.args):
                yield ".".join(names)


def foreign_names(module: str, source: str) -> set[str]:
    """The tables and models of other apps that a module names."""
    app = module.partition("/")[0]
    owners, tree = tables(), ast.parse(source)
    words = {word for text in texts(tree) for word in re.findall(r"\b[a-z0-9_]+\b", text)}
    named = {word for word in words if owners.get(word, app) != app}
    return named | {name for name in models(tree) if name.partition(".")[0] != app}


def composed_names(source: str) -> list[str]:
    """The ends of texts that begin a table's name, which an f-string, a + or a format would go on with."""
    prefixes = "|".join(sorted({table.partition("_")[0] for table in tables()}))
    return [text[-20:] for text in texts(ast.parse(source)) if re.search(rf"\b(?:{prefixes})_$", text)]


def all_foreign_names() -> set[tuple[str, str]]:
    """(module, table or model) for the whole product."""
    found = set()
    for path in product_modules():
        module = str(path.relative_to(ROOT))
        found |= {(module, name) for name in foreign_names(module, path.read_text())}
    return found


def test_every_table_of_another_app_is_declared() -> None:
    assert all_foreign_names() - DECLARED.keys() == set()


def test_every_declared_table_is_used() -> None:
    assert DECLARED.keys() - all_foreign_names() == set()


def test_no_statement_composes_a_table_name() -> None:
    assert {
        str(path.relative_to(ROOT)): found for path in product_modules() if (found := composed_names(path.read_text()))
    } == {}


SELECT = 'x = "SELECT 1 FROM wallet_posting AS p"'


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (SELECT, {"wallet_posting"}),
        ('x = """\nWITH a AS (\n    SELECT 1 FROM\nwallet_posting)\n"""', {"wallet_posting"}),
        ('x = "SELECT 1 FROM (SELECT 1 FROM wal" "let_posting) AS p"', {"wallet_posting"}),
        ('x = f"SELECT {1} FROM wallet_posting WHERE id = {2}"', {"wallet_posting"}),
        ('x = f"{1}" + \'SELECT 1 FROM "wallet_posting"\'', {"wallet_posting"}),
        ('x = "SELECT 1 FROM public.wallet_posting"', {"wallet_posting"}),
        ('x = "INSERT INTO users_gamer SELECT 1; DELETE FROM wallet_posting"', {"users_gamer", "wallet_posting"}),
        ('def f(c):\n    c.execute("SELECT 1 FROM wallet_posting")', {"wallet_posting"}),
        ('x = apps.get_model("wallet.Posting").objects', {"wallet.Posting"}),
        ('x = apps.get_model("wallet", "Posting").objects', {"wallet.Posting"}),
        ('x = apps.get_model("esports.Seats").objects', set()),
        ('x = "SELECT 1 FROM esports_seats"', set()),
        ('x = reverse("admin:wallet_posting_changelist")', set()),
        ('"""Nothing is read from wallet_posting."""', set()),
        ('x = CompositeForeignKey(to_table="wallet_posting")', set()),
        ("# wallet_posting", set()),
    ],
)
def test_the_check_finds_another_apps_table_anywhere_in_a_statement(source: str, named: set[str]) -> None:
    assert foreign_names("esports/selectors/any.py", source) == named


def test_an_app_may_name_its_own_tables() -> None:
    assert foreign_names("wallet/selectors/any.py", SELECT) == set()


@pytest.mark.parametrize(
    "source", ['x = f"SELECT 1 FROM wallet_{name}"', 'x = "SELECT 1 FROM wallet_" + name', 'x = f"{a} wallet_{b}"']
)
def test_the_check_finds_a_composed_table_name(source: str) -> None:
    assert composed_names(source)


def test_the_check_knows_every_table_of_the_product() -> None:
    assert {"esports_leaderboardrow", "rewards_reward", "users_gamer", "wallet_posting", "kgen_job"} <= tables().keys()


# What is spelled once, and where.
ONCE = {
    "the condition of a live participation": (r"left_at\s+IS\s+NULL", "esports/sql.py"),
    "the board's total order": (r"rank_key,\s*(\w+\.)?reached_at,\s*(\w+\.)?joined_at", "no module: it is SortKey"),
    "the INSERT into the board": (r"INSERT\s+INTO\s+esports_leaderboardrow", "esports/sql.py"),
    "the INSERT into the log of changes": (r"INSERT\s+INTO\s+esports_standingchange", "esports/sql.py"),
}


def modules_that_say(pattern: str) -> set[str]:
    """The modules with a text that matches."""
    return {
        str(path.relative_to(ROOT))
        for path in product_modules()
        if any(re.search(pattern, text) for text in texts(ast.parse(path.read_text())))
    }


@pytest.mark.parametrize("what", ONCE)
def test_shared_sql_is_written_in_one_module(what: str) -> None:
    pattern, home = ONCE[what]
    assert modules_that_say(pattern) == ({home} if home.endswith(".py") else set())


def live_conditions(source: str) -> list[str]:
    """The keyword arguments by which queries ask for live participations on their own."""
    return [
        node.arg
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.keyword)
        and re.search(r"(^|__)left_at(__isnull)?$", node.arg or "")
        and isinstance(node.value, ast.Constant)
    ]


def test_one_function_filters_live_participations_in_the_orm() -> None:
    found = {str(path.relative_to(ROOT)) for path in product_modules() if live_conditions(path.read_text())}
    assert found == {"esports/models/participations.py"}
    assert live_conditions("rows.filter(participation__left_at=None)")


def test_the_board_order_equals_the_order_of_its_key() -> None:
    assert [field.column for field in LeaderboardRow._meta.pk_fields] == ["tournament_id", *ORDER]
    assert SortKey._fields == tuple(key.column for key in BEST_FIRST)
