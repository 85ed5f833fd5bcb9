"""Settings that were renamed still work under their former names, and the start says so in the log."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from kgen.environment import FORMER_NAMES

READ = "import django; django.setup(); from django.conf import settings; print(settings.CREDENTIAL_CACHE_SECONDS)"


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """Load the product in a process of its own, with these variables beside the present ones."""
    environ = {name: value for name, value in os.environ.items() if name not in {*FORMER_NAMES, *FORMER_NAMES.values()}}
    environ |= {"DJANGO_SETTINGS_MODULE": "kgen.settings", "KGEN_LOG_FORMAT": "json", **environment}
    command = [sys.executable, "-c", READ]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("present", "former"), FORMER_NAMES.items())
def test_a_former_name_is_logged_with_the_present_one(present: str, former: str) -> None:
    started = start(**{former: "1500"})
    assert started.returncode == 0, started.stderr
    assert former in started.stdout + started.stderr
    assert present in started.stdout + started.stderr


def test_a_former_name_sets_the_value() -> None:
    assert start(KGEN_BELIEVED_MS="1500").stdout.splitlines()[-1] == "1.5"


def test_the_present_name_wins_over_the_former_one() -> None:
    started = start(KGEN_BELIEVED_MS="1500", KGEN_CREDENTIAL_CACHE_MS="500")
    assert started.stdout.splitlines()[-1] == "0.5"


def test_a_present_name_logs_nothing() -> None:
    started = start(KGEN_CREDENTIAL_CACHE_MS="500")
    assert (started.stdout, started.stderr) == ("0.5\n", "")
