"""The console's login is no way to stop the API: hashing takes two threads of a process at most."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.http import GamerCaller
from tests.support.web import ORDINARY, request, serving_after

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("committed")]

LOGINS = 50
# A hash takes more than a second of a core: 50 of them would hold every thread for half a minute.
SLOW_HASHES = "from django.contrib.auth.hashers import PBKDF2PasswordHasher as slow; slow.iterations *= 4"
TOKEN = "t" * 32


def login(number: int) -> bytes:
    """A try with a name of its own. CSRF asks only that cookie and form agree."""
    fields = {"username": f"nobody-{number}", "password": "guessed", "csrfmiddlewaretoken": TOKEN}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={TOKEN}"}
    return request("POST", "/console/login/", headers, urlencode(fields).encode())


def test_a_gamer_is_served_beside_fifty_logins(tmp_path: Path, gamer: GamerCaller) -> None:
    with serving_after(tmp_path, SLOW_HASHES) as web:
        wires = [web.wire().send(login(number)) for number in range(LOGINS)]
        answer = web.ask("GET", "/fe/wallet/balance", gamer.headers | ORDINARY)
        assert answer.status == 200
        replies = [wire.reply() for wire in wires]
        for wire in wires:
            wire.close()
    # The others were hashed, or came when their address had had its tries.
    refused = [reply for reply in replies if reply.status != 200]
    assert refused
    assert {reply.status for reply in refused} == {503}
    assert all(int(reply.headers["retry-after"]) > 0 for reply in refused)
