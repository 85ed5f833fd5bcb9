"""The pure rules: codes, waits, the brake; and settings that stop the start."""

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from users import otp

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = b"k" * 32


@given(st.binary(min_size=32, max_size=32), st.uuids())
def test_codes_have_six_digits_and_are_known_by_their_digest(nonce: bytes, challenge_id: uuid.UUID) -> None:
    code = otp.code_of(nonce, challenge_id=challenge_id, key=KEY)
    assert 100_000 <= int(code) <= 999_999
    digest = otp.digest_of(code, challenge_id=challenge_id, key=KEY)
    assert otp.is_code(code, digest, challenge_id=challenge_id, key=KEY)
    assert not otp.is_code(code, digest, challenge_id=challenge_id, key=b"x" * 32)
    assert not otp.is_code(code, digest, challenge_id=uuid.uuid4(), key=KEY)


@given(st.lists(st.integers(0, 1200), max_size=60))
def test_a_number_gets_at_most_five_messages_in_ten_minutes(asked: list[int]) -> None:
    sent: list[datetime] = []
    for second in sorted(asked):
        now = NOW + timedelta(seconds=second)
        # Answered at once, so that only the window limits.
        if otp.next_message_at(sent, sent[-1] if sent else None, now=now) <= now:
            sent.append(now)
    for first in sent:
        assert sum(first <= moment < first + otp.WINDOW for moment in sent) <= 5


def test_the_wait_for_a_code_grows_until_a_code_is_used() -> None:
    sent = [NOW - timedelta(seconds=seconds) for seconds in (100, 60, 10)]
    assert otp.next_message_at(sent[:1], None, now=NOW) == NOW
    assert otp.next_message_at(sent[2:], None, now=NOW) == NOW + timedelta(seconds=20)
    assert otp.next_message_at(sent, None, now=NOW) == NOW + timedelta(seconds=110)
    assert otp.next_message_at(sent, NOW - timedelta(seconds=30), now=NOW) == NOW + timedelta(seconds=20)
    assert otp.next_message_at(sent, NOW, now=NOW) == NOW


TWILIO = {"SMS_PROVIDER": "twilio", "SMS_TWILIO_ACCOUNT_SID": "AC1", "SMS_TWILIO_AUTH_TOKEN": "t0ken"}
# The last of each is the bad one.
BAD_SETTINGS: list[dict[str, str]] = [
    {"SMS_PROVIDER": "pigeon"},
    {"KGEN_LOCAL": "0", "SMS_PROVIDER": "console"},
    {"SMS_URL": "ftp://x"},
    {"SMS_PROVIDER": "http", "SMS_URL": ""},
    {"SMS_PROVIDER": "http", "SMS_URL": "https://a..b/sms"},
    {"SMS_PROVIDER": "http", "SMS_URL": "https:///sms"},
    {"PAYOUT_GATEWAY_URL": f"https://{'a' * 64}.example"},
    TWILIO | {"SMS_TWILIO_FROM": ""},
    {"SMS_PROVIDER": "msg91", "SMS_MSG91_AUTH_KEY": ""},
    {"SMS_COOL_DOWN_SECONDS": "1"},
    {"SMS_PROVDER": "http"},
]
# One process for all of them: to start is what takes long.
READ_SETTINGS = """
import contextlib, io, json, os, runpy, sys
for change in json.load(sys.stdin):
    before, told, status = dict(os.environ), io.StringIO(), 0
    os.environ.update(change)
    with contextlib.redirect_stderr(told):
        try:
            runpy.run_module("kgen.settings")
        except SystemExit as end:
            status = end.code
    os.environ.clear()
    os.environ.update(before)
    print(json.dumps([status, told.getvalue()]))
"""


def test_bad_settings_are_named_in_one_line() -> None:
    run = subprocess.run(
        [sys.executable, "-c", READ_SETTINGS],
        input=json.dumps(BAD_SETTINGS),
        capture_output=True,
        text=True,
        check=True,
    )
    for change, line in zip(BAD_SETTINGS, run.stdout.splitlines(), strict=True):
        status, output = json.loads(line)
        assert (status, output.count("\n")) == (78, 1), change
        assert output.startswith(f"kgen: setting {list(change)[-1]}: ")
