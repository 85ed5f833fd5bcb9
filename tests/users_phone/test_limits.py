"""What codes refuse: wrong ones, too many, too soon, too far away."""

from typing import Any
from uuid import UUID

import pytest

from kgen.errors import RecordNotFound, WrongState
from tests.support.http import GamerCaller, StudioCaller
from tests.support.phones import Phone, let_pass, wrong
from tests.support.withdrawals import row_of
from users.models import Client, CodeGuard, PhoneChallenge
from users.services import lift_lock

pytestmark = pytest.mark.django_db
REGISTER, VERIFY = "/fe/users/auth/otp/register", "/fe/users/auth/otp/verify"


@pytest.mark.parametrize(
    "body",
    [
        {"phone_number": "12345", "countryCode": "+91"},
        {"phone_number": "8000000001"},
        {"phone_number": "8000000001", "countryCode": "+999"},
        {"phone_number": "8000000001", "countryCode": "XX"},
        {"phone_number": "8000000001", "countryCode": "²91"},
        {"phone_number": "8000000001", "countryCode": "九一"},
        {"phone_number": "800000000A", "countryCode": "+91"},
        {"phone_number": "8000000001 ext 5", "countryCode": "+91"},
        {"phone_number": "+918000000001", "countryCode": "+1"},
        {"phone_number": "1800112345", "countryCode": "IN"},
        {"phone_number": "4155552671", "countryCode": "+1"},
        {"phone_number": "", "countryCode": "+91"},
    ],
)
def test_a_number_that_cannot_be_linked_is_refused(gamer: GamerCaller, phone: Phone, body: dict[str, Any]) -> None:
    code = "BAD_REQUEST" if body["phone_number"] == "" else "INVALID_PHONE_NUMBER"
    gamer.post(REGISTER, body).refused(400, code)
    gamer.post(VERIFY, body | {"authCode": "1234", "otp": "123456"}).refused(400, code)
    assert not PhoneChallenge.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"phone_number": 8000000001},
        {"countryCode": 91},
        {"authCode": True},
        {"otp": None},
        {"otp": 123456.5},
        {"otp": ["123456"]},
        {"otp": "1" * 101},
    ],
)
def test_values_of_wrong_types_are_refused(gamer: GamerCaller, phone: Phone, change: dict[str, Any]) -> None:
    body = phone.body(authCode="1234", otp="123456") | change
    gamer.post(VERIFY, body).refused(400, "BAD_REQUEST")


def test_only_countries_of_the_clients_settings_are_accepted(
    gamer: GamerCaller, phone: Phone, client_row: Client
) -> None:
    american = {"phone_number": "4155552671", "countryCode": "US"}
    Client.objects.filter(pk=client_row.pk).update(phone_countries="IN, us")
    gamer.post(REGISTER, american).ok()
    Client.objects.filter(pk=client_row.pk).update(phone_countries="*")
    gamer.post(REGISTER, {"phone_number": "+44 7400 123456"}).ok()


def test_wrong_unknown_used_and_expired_codes_get_the_same_answer(
    studio: StudioCaller, gamer: GamerCaller, phone: Phone
) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    code = phone.code()
    other_auth_code = "1000" if auth_code != "1000" else "1001"
    refusals = [
        phone.verify(gamer, auth_code, wrong(code)),
        phone.verify(gamer, auth_code, "12ab"),
        phone.verify(gamer, auth_code, -5),
        phone.verify(gamer, other_auth_code, code),
        Phone(phone.gateway, "8000000002").verify(gamer, auth_code, code),
        phone.verify(studio.gamer("somebody-else"), auth_code, code),
    ]
    phone.verify(gamer, auth_code, code).ok()
    refusals.append(phone.verify(gamer, auth_code, wrong(code)))
    let_pass(minutes=10)
    refusals.append(phone.verify(gamer, auth_code, code))
    late = phone.register(gamer).ok()["authCode"]
    let_pass(minutes=5)
    refusals.append(phone.verify(gamer, late, phone.code()))
    bodies = [refusal.refused(400, "INVALID_OTP") | {"request_id": ""} for refusal in refusals]
    assert all(body == bodies[0] for body in bodies)


def test_a_code_allows_five_tries(gamer: GamerCaller, phone: Phone) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    for _ in range(5):
        phone.verify(gamer, auth_code, wrong(phone.code())).refused(400, "INVALID_OTP")
    phone.verify(gamer, auth_code, phone.code()).refused(429, "OTP_ATTEMPTS_EXCEEDED")
    assert PhoneChallenge.objects.get().tries == 5


def test_a_resent_code_replaces_the_one_before(gamer: GamerCaller, phone: Phone) -> None:
    first, code = phone.register(gamer).ok()["authCode"], phone.code()
    let_pass(seconds=31)
    second = gamer.post("/fe/users/auth/otp/resend", phone.body()).ok()["authCode"]
    phone.verify(gamer, first, code).refused(400, "INVALID_OTP")
    assert PhoneChallenge.objects.filter(auth_code=second, used_at=None).exists()


def lock(gamer: GamerCaller, phone: Phone) -> None:
    """Give ten wrong codes."""
    for _ in range(2):
        auth_code = phone.register(gamer).ok()["authCode"]
        for _ in range(5):
            phone.verify(gamer, auth_code, wrong(phone.code())).refused(400, "INVALID_OTP")
        let_pass(minutes=5)


def test_ten_failures_in_a_row_lock_for_a_day(studio: StudioCaller, gamer: GamerCaller, phone: Phone) -> None:
    lock(gamer, phone)
    locked = phone.register(gamer)
    assert 85_000 < locked.refused(429, "OTP_ATTEMPTS_EXCEEDED")["retry_after"] <= 86_400
    assert locked.headers["Retry-After"] == str(locked.json["retry_after"])
    phone.register(studio.gamer("another")).refused(429, "OTP_ATTEMPTS_EXCEEDED")
    Phone(phone.gateway, "8000000002").register(gamer).refused(429, "OTP_ATTEMPTS_EXCEEDED")
    let_pass(days=1)
    phone.link(gamer).ok()


def test_lifting_a_gamers_lock_lifts_the_locks_of_the_tried_numbers(
    studio: StudioCaller, gamer: GamerCaller, phone: Phone
) -> None:
    lock(gamer, phone)
    other, elsewhere = studio.gamer("another"), Phone(phone.gateway, "8000000002")
    lock(other, elsewhere)
    lift_lock(gamer_id=row_of(gamer).pk, in_all_games=True)
    phone.link(gamer).ok()
    elsewhere.register(other).refused(429, "OTP_ATTEMPTS_EXCEEDED")
    with pytest.raises(WrongState):
        lift_lock(gamer_id=row_of(gamer).pk, in_all_games=True)
    with pytest.raises(RecordNotFound):
        lift_lock(gamer_id=UUID(int=7), in_all_games=True)


def test_lifting_a_lock_in_one_game_keeps_the_numbers_lock(
    studio: StudioCaller, gamer: GamerCaller, phone: Phone
) -> None:
    lock(gamer, phone)
    lift_lock(gamer_id=row_of(gamer).pk, in_all_games=False)
    phone.register(gamer).refused(429, "OTP_ATTEMPTS_EXCEEDED")
    with pytest.raises(WrongState, match="locked in all games"):
        lift_lock(gamer_id=row_of(gamer).pk, in_all_games=False)
    Phone(phone.gateway, "8000000002").link(gamer).ok()


def test_counting_failures_starts_again_after_a_lifted_lock(gamer: GamerCaller, phone: Phone) -> None:
    lock(gamer, phone)
    lift_lock(gamer_id=row_of(gamer).pk, in_all_games=True)
    assert set(CodeGuard.objects.values_list("failures", "locked_until")) == {(0, None)}
    let_pass(minutes=10)
    lock(gamer, phone)
    phone.register(gamer).refused(429, "OTP_ATTEMPTS_EXCEEDED")


def test_a_right_code_resets_the_count_of_failures(studio: StudioCaller, gamer: GamerCaller, phone: Phone) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    for _ in range(4):
        phone.verify(gamer, auth_code, wrong(phone.code())).refused(400, "INVALID_OTP")
    assert set(CodeGuard.objects.values_list("failures", flat=True)) == {4}
    phone.verify(gamer, auth_code, phone.code()).ok()
    assert set(CodeGuard.objects.values_list("failures", flat=True)) == {0}


def test_the_wait_grows_and_a_sixth_message_is_refused(studio: StudioCaller, phone: Phone) -> None:
    """Whoever asks: the limit is the number's."""
    gamers = [studio.gamer(f"player-{number}") for number in range(2)]
    for turn, wait in enumerate((30, 60, 120, 240)):
        phone.register(gamers[turn % 2]).ok()
        refused = phone.register(gamers[(turn + 1) % 2])
        assert wait - 5 <= refused.refused(429, "OTP_RESEND_TOO_SOON")["retry_after"] <= wait
        assert refused.headers["Retry-After"] == str(refused.json["retry_after"])
        let_pass(seconds=wait)
    phone.register(gamers[0]).ok()
    assert phone.gateway.count(phone.e164) == 5
    let_pass(seconds=120)
    phone.register(gamers[1]).refused(429, "OTP_RESEND_TOO_SOON")
    let_pass(seconds=600)
    phone.register(gamers[1]).ok()


def test_a_gamer_can_try_five_numbers_a_day(gamer: GamerCaller, phone: Phone) -> None:
    phones = [Phone(phone.gateway, f"800000000{digit}") for digit in range(6)]
    for one in phones[:5]:
        one.register(gamer).ok()
    assert phones[5].register(gamer).refused(429, "OTP_ATTEMPTS_EXCEEDED")["retry_after"] <= 86_400
    let_pass(seconds=60)
    phones[0].register(gamer).ok()
    let_pass(days=1)
    phones[5].register(gamer).ok()


def test_many_unused_codes_stop_further_messages(studio: StudioCaller, phone: Phone, settings: Any) -> None:
    settings.SMS_BRAKE_MESSAGES, settings.SMS_BRAKE_PERCENT = 4, 30
    numbers = [Phone(phone.gateway, f"800000{number:04}") for number in range(9)]
    numbers[0].link(studio.gamer("g-0")).ok()
    for index in range(1, 4):
        numbers[index].register(studio.gamer(f"g-{index}")).ok()
    refused = numbers[4].register(studio.gamer("g-4"))
    assert refused.refused(429, "RATE_LIMITED")["retry_after"] == 3600
    # Another range goes on; one that converts well goes on too.
    Phone(phone.gateway, "9876543219").register(studio.gamer("g-5")).ok()
    settings.SMS_BRAKE_PERCENT = 25
    numbers[4].register(studio.gamer("g-4")).ok()
    settings.SMS_BRAKE_PERCENT = 30
    numbers[5].register(studio.gamer("g-6")).refused(429, "RATE_LIMITED")
    let_pass(hours=1)
    numbers[5].register(studio.gamer("g-6")).ok()


def test_suspended_gamers_get_no_codes(studio: StudioCaller, gamer: GamerCaller, phone: Phone) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    studio.post("/s2s/gamers/player-1/suspend", {"reason": "cheating"}).ok()
    for path in (REGISTER, "/fe/users/auth/otp/resend", VERIFY):
        gamer.post(path, phone.body(authCode=auth_code, otp=phone.code())).refused(403, "GAMER_SUSPENDED")
    studio.post("/s2s/gamers/player-1/lift", {"reason": "was none"}).ok()
    phone.verify(gamer, auth_code, phone.code()).ok()


def test_without_a_provider_no_code_is_promised(gamer: GamerCaller, phone: Phone, settings: Any) -> None:
    settings.SMS_PROVIDER = "off"
    phone.register(gamer).refused(503, "UNAVAILABLE")
    assert not PhoneChallenge.objects.exists()
