"""Codes and phone numbers as people write them: in any script's digits, with blanks; a repeated right call."""

from collections.abc import Callable

import pytest

from tests.support.http import GamerCaller, StudioCaller
from tests.support.phones import Phone, let_pass, wrong
from users.models import CodeGuard, PhoneChallenge, PhoneLink
from users.services import send_due_messages, unlink_phone

pytestmark = pytest.mark.django_db

ZEROS = {"Devanagari": "०", "Bengali": "০", "Arabic": "٠", "Persian": "۰", "Thai": "๐", "full width": "0"}


def in_script(zero: str, text: str) -> str:
    """The text with its digits in the script whose zero is given."""
    return "".join(chr(ord(zero) + int(letter)) if letter.isdigit() else letter for letter in text)


@pytest.mark.parametrize("zero", ZEROS.values(), ids=ZEROS)
def test_digits_of_any_script_count(gamer: GamerCaller, phone: Phone, zero: str) -> None:
    body = {"phone_number": in_script(zero, "80000 00001"), "countryCode": in_script(zero, "+91")}
    auth_code = gamer.post("/fe/users/auth/otp/register", body).ok()["authCode"]
    send_due_messages()
    given = {"authCode": in_script(zero, auth_code), "otp": in_script(zero, phone.code())}
    gamer.post("/fe/users/auth/otp/verify", body | given).ok()
    assert gamer.get("/fe/users/account/linked-mobile-number").ok()["LinkedPhone"] == "+918000000001"


@pytest.mark.parametrize(
    "spelled",
    [lambda code: f" {code} ", lambda code: f"{code[:3]}\u00a0{code[3:]}", lambda code: f"\u200e{code}\u202c"],
)
def test_blanks_and_marks_of_direction_do_not_count(
    gamer: GamerCaller, phone: Phone, spelled: Callable[[str], str]
) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    phone.verify(gamer, auth_code, spelled(phone.code())).ok()


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "12345²", "-12345", "12345.0", "1" * 100])
def test_what_cannot_be_a_code_costs_no_try(gamer: GamerCaller, phone: Phone, text: str) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    for _ in range(12):
        assert phone.verify(gamer, auth_code, text).status == 400
    assert PhoneChallenge.objects.get().tries == 0
    assert not CodeGuard.objects.filter(failures__gt=0).exists()
    phone.verify(gamer, auth_code, phone.code()).ok()


def test_the_same_right_call_has_the_same_answer_for_ten_minutes(gamer: GamerCaller, phone: Phone) -> None:
    auth_code, code = phone.register(gamer).ok()["authCode"], phone.code()
    first = phone.verify(gamer, auth_code, code)
    for _ in range(12):
        assert phone.verify(gamer, auth_code, code).content == first.content
    phone.verify(gamer, auth_code, wrong(code)).refused(400, "INVALID_OTP")
    let_pass(minutes=9)
    assert phone.verify(gamer, auth_code, code).content == first.content
    let_pass(minutes=1)
    phone.verify(gamer, auth_code, code).refused(400, "INVALID_OTP")
    assert PhoneLink.objects.count() == 1


def test_a_repeated_call_makes_no_link_again(studio: StudioCaller, gamer: GamerCaller, phone: Phone) -> None:
    auth_code, code = phone.register(gamer).ok()["authCode"], phone.code()
    phone.verify(gamer, auth_code, code).ok()
    unlink_phone(client=PhoneChallenge.objects.get().client, user_id=gamer.user_id, reason="support")
    phone.verify(gamer, auth_code, code).refused(400, "INVALID_OTP")
    phone.verify(studio.gamer("another"), auth_code, code).refused(400, "INVALID_OTP")
