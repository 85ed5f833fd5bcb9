"""Ledger references: stored forms never change, and only `wallet.references` spells them."""

import ast
import re
from uuid import UUID

import pytest
from django.db import connection

from tests.support.documents import ROOT
from tests.support.modules import product_modules
from wallet import references

ID = UUID("01890000-0000-7000-8000-000000000001")
# As they stand in ledgers that exist.
STORED = {
    references.welcome_bonus: f"welcome:{ID}",
    references.deposit: f"deposit:{ID}",
    references.deposit_reversal: f"deposit:{ID}:reversal",
    references.stake: f"join:{ID}",
    references.stake_refund: f"refund:{ID}",
    references.sponsorship_return: f"sponsorship:{ID}:return",
    references.settlement: f"settlement:{ID}",
    references.claim: f"claim:{ID}",
    references.reward_expiry: f"reward:{ID}:expiry",
    references.reward_forfeit: f"forfeit:{ID}",
    references.adjustment: f"adjustment:{ID}",
    references.withdrawal_hold: f"withdrawal:{ID}:hold",
    references.withdrawal_paid: f"withdrawal:{ID}:paid",
    references.withdrawal_reversal: f"withdrawal:{ID}:reversal",
    references.withdrawal_return: f"withdrawal:{ID}:return",
}
SUBJECTS = "|".join(sorted({text.partition(":")[0] for text in STORED.values()} | {"sponsorship"}))
# An f-string that begins with a subject, or a subject within SQL.
SPELLED = re.compile(rf"^f['\"](?:{SUBJECTS}):\{{|'(?:{SUBJECTS}):(?:'|%)")


@pytest.mark.parametrize("make", STORED, ids=lambda make: make.__name__)
def test_a_reference_keeps_its_stored_form(make: object) -> None:
    assert make(ID) == STORED[make]  # type: ignore[operator]


def test_the_stored_form_of_a_sponsorship_has_the_revision() -> None:
    assert references.sponsorship(ID, 3) == f"sponsorship:{ID}:3"


@pytest.mark.django_db
@pytest.mark.parametrize("make", STORED, ids=lambda make: make.__name__)
def test_sql_and_python_make_the_same_reference(make: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {references.in_sql(make, 'given.id')} FROM (SELECT %s::uuid AS id) AS given", [ID])  # type: ignore[arg-type]
        assert cursor.fetchone() == (STORED[make],)


@pytest.mark.django_db
@pytest.mark.parametrize("text", STORED.values())
def test_sql_extracts_the_id_from_a_reference(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {references.id_in_sql('given.text')} FROM (SELECT %s AS text) AS given", [text])
        assert cursor.fetchone() == (str(ID),)


def test_no_other_module_spells_a_reference() -> None:
    found = []
    for module in product_modules():
        if module.name == "references.py":
            continue
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.JoinedStr | ast.Constant) and SPELLED.search(ast.unparse(node)):
                found.append(f"{module.relative_to(ROOT)}: {ast.unparse(node)[:80]}")
    assert found == []
