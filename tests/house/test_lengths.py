"""The two lengths of the tests: `make test`, and `make test LONG=1` with the tests marked `long`."""

import os
import subprocess
import sys

import pytest

from tests.support.documents import ROOT

LONG_TEST = "tests/demo/test_rich_seed.py"


def skipped(*options: str) -> bool:
    """Whether pytest's own report of what it would run shows a long test as skipped."""
    command = [sys.executable, "-m", "pytest", "--setup-plan", "-p", "no:cacheprovider", "-n0", "-m", "long", "-rs"]
    ran = subprocess.run([*command, *options, LONG_TEST], cwd=ROOT, capture_output=True, text=True, check=True)
    return "long: `make test LONG=1` runs it" in ran.stdout


@pytest.mark.parametrize(("options", "is_skipped"), [((), True), (("--long",), False)])
def test_a_long_test_is_skipped_only_without_the_option(options: tuple[str, ...], is_skipped: bool) -> None:
    assert skipped(*options) is is_skipped


@pytest.mark.parametrize(("value", "is_long"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_make_test_asks_for_the_long_tests_when_told(value: str | None, is_long: bool) -> None:
    environment = {name: given for name, given in os.environ.items() if name not in ("LONG", "MAKEFLAGS", "MAKELEVEL")}
    command = ["make", "--dry-run", "test"] + ([] if value is None else [f"LONG={value}"])
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ("--long" in ran.stdout) is is_long
