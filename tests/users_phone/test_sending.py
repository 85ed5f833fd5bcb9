"""The duty to send a code: kept through failures and deaths, and never done twice within the cool-down."""

import base64
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.http import GamerCaller
from tests.support.phones import Phone, let_pass
from users import sms
from users.models import CodeGuard, PhoneChallenge, SmsMessage
from users.services import forget_codes, send_due_messages, text_messages

pytestmark = pytest.mark.django_db


def test_a_sent_code_can_no_longer_be_computed(gamer: GamerCaller, phone: Phone) -> None:
    phone.register(gamer).ok()
    message = SmsMessage.objects.get()
    assert message.sent_at
    assert message.nonce is None
    assert send_due_messages() == 0


def test_a_refused_message_is_retried_until_its_code_expires(gamer: GamerCaller, phone: Phone) -> None:
    phone.gateway.status = 429
    phone.register(gamer).ok()
    assert phone.gateway.count(phone.e164) == 1
    assert send_due_messages() == 0
    assert phone.gateway.count(phone.e164) == 1
    let_pass(seconds=2)
    assert send_due_messages() == 0
    phone.gateway.status = 202
    let_pass(seconds=4)
    assert send_due_messages() == 1
    codes = {received.json["code"] for received in phone.gateway.received}
    keys = {received.headers["idempotency-key"] for received in phone.gateway.received}
    assert (len(phone.gateway.received), len(codes), len(keys)) == (3, 1, 1)


def test_a_message_is_given_up_when_its_code_expires(gamer: GamerCaller, phone: Phone) -> None:
    phone.gateway.status = 400
    phone.register(gamer).ok()
    let_pass(minutes=5)
    assert send_due_messages() == 0
    message = SmsMessage.objects.get()
    assert message.given_up_at
    assert (message.sent_at, message.nonce, len(phone.gateway.received)) == (None, None, 1)


@pytest.mark.parametrize("fault", ["status", "hang up", "redirect"])
def test_a_message_with_an_unclear_answer_waits_for_the_cool_down(
    gamer: GamerCaller, phone: Phone, settings: Any, fault: str
) -> None:
    if fault == "hang up":
        phone.gateway.hang_up = True
    phone.gateway.status = 500 if fault == "status" else 307 if fault == "redirect" else 200
    phone.register(gamer).ok()
    phone.gateway.hang_up, phone.gateway.status = False, 200
    if fault != "redirect":
        let_pass(seconds=settings.SMS_COOL_DOWN_SECONDS - 2)
        send_due_messages()
        assert phone.gateway.count(phone.e164) == 1
    let_pass(seconds=2)
    send_due_messages()
    assert phone.gateway.count(phone.e164) == 2


def test_a_message_whose_sender_died_waits_for_the_cool_down(
    gamer: GamerCaller, phone: Phone, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(text_messages, "_book", die)
        with pytest.raises(SystemExit):
            phone.register(gamer)
    assert phone.gateway.count(phone.e164) == 1
    for _ in range(3):
        send_due_messages()
    assert phone.gateway.count(phone.e164) == 1
    let_pass(seconds=settings.SMS_COOL_DOWN_SECONDS)
    assert send_due_messages() == 1
    phone.verify(gamer, PhoneChallenge.objects.get().auth_code, phone.code()).ok()


def test_an_exception_for_one_message_does_not_delay_other_messages(
    gamer: GamerCaller, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(message: sms.Message) -> None:
        if message.to.endswith("1"):
            raise ZeroDivisionError

    monkeypatch.setattr(sms, "send", send)
    for number in ("8000000001", "8000000002"):
        gamer.post("/fe/users/auth/otp/register", Phone(phone.gateway, number).body()).ok()
    assert send_due_messages() == 1
    # It may have been sent: it waits for the cool-down, and is given up with its code.
    tried = SmsMessage.objects.get(sent_at=None)
    assert (tried.attempts, tried.given_up_at, send_due_messages()) == (1, None, 0)
    let_pass(seconds=301)
    assert send_due_messages() == 0
    tried.refresh_from_db()
    assert tried.given_up_at is not None


def test_a_message_without_a_connection_stays_due(gamer: GamerCaller, phone: Phone, settings: Any) -> None:
    working, settings.SMS_URL = settings.SMS_URL, "http://127.0.0.1:1/"
    phone.register(gamer).ok()
    settings.SMS_URL = working
    let_pass(seconds=2)
    assert send_due_messages() == 1


def test_the_console_provider_writes_to_a_private_file(
    gamer: GamerCaller, phone: Phone, settings: Any, tmp_path: Path
) -> None:
    settings.SMS_PROVIDER, settings.KGEN_HOME = "console", tmp_path / "home"
    auth_code = phone.register(gamer).ok()["authCode"]
    file = settings.KGEN_HOME / "sms.log"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (line,) = file.read_text().splitlines()
    logged = json.loads(line)
    assert logged["to"] == "+918000000001"
    phone.verify(gamer, auth_code, logged["code"]).ok()


@pytest.mark.parametrize(("sender", "field"), [("+15005550006", "From"), ("MG0123", "MessagingServiceSid")])
def test_twilio_gets_the_message_in_its_form(
    gamer: GamerCaller, phone: Phone, settings: Any, sender: str, field: str
) -> None:
    settings.SMS_PROVIDER, settings.SMS_TWILIO_URL = "twilio", phone.gateway.url
    settings.SMS_TWILIO_ACCOUNT_SID, settings.SMS_TWILIO_AUTH_TOKEN = "AC1", "t0ken"
    settings.SMS_TWILIO_FROM, phone.gateway.status = sender, 201
    phone.register(gamer).ok()
    (received,) = phone.gateway.received
    assert received.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert received.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:t0ken").decode()
    form = parse_qs(received.body.decode())
    assert (form["To"], form[field]) == (["+918000000001"], [sender])
    assert "is your KGeN code" in form["Body"][0]
    assert SmsMessage.objects.get().sent_at


@pytest.mark.parametrize(
    ("answer", "sent", "tries"),
    [
        (b'{"type": "success", "message": "3763646c3058373530393938"}', True, 1),
        (b'{"type": "error", "message": "template not found"}', False, 2),
        (b"<html>", False, 1),
        (b"[" * 50_000, False, 1),
    ],
)
def test_msg91_gets_the_message_in_its_form(
    gamer: GamerCaller, phone: Phone, settings: Any, answer: bytes, sent: bool, tries: int
) -> None:
    settings.SMS_PROVIDER, settings.SMS_MSG91_URL = "msg91", phone.gateway.url
    settings.SMS_MSG91_AUTH_KEY, settings.SMS_MSG91_TEMPLATE_ID = "k3y", "t1"
    phone.gateway.answer = answer
    phone.register(gamer).ok()
    received = phone.gateway.received[0]
    assert (received.path, received.headers["authkey"]) == ("/api/v5/flow", "k3y")
    (recipient,) = received.json["recipients"]
    assert (received.json["template_id"], recipient["mobiles"]) == ("t1", "918000000001")
    assert len(recipient["OTP"]) == 6
    assert (SmsMessage.objects.get().sent_at is not None) == sent
    let_pass(seconds=3)
    send_due_messages()
    assert len(phone.gateway.received) == tries


def test_old_codes_are_deleted(gamer: GamerCaller, phone: Phone) -> None:
    phone.link(gamer).ok()
    forget_codes()
    assert PhoneChallenge.objects.count() == 1
    let_pass(days=3)
    CodeGuard.objects.update(touched_at=PhoneChallenge.objects.get().created_at - timedelta(days=30))
    forget_codes()
    assert not PhoneChallenge.objects.exists()
    assert not SmsMessage.objects.exists()
    assert not CodeGuard.objects.exists()
