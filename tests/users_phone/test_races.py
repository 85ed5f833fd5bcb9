"""Many at once, on real commits: exact counts."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.phones import Phone, wrong
from tests.support.withdrawals import earn
from users.models import CodeGuard, Gamer, KGenAccount, PhoneChallenge, PhoneLink

pytestmark = pytest.mark.usefixtures("committed")


def at_once(count: int, act: Callable[[int], Answer]) -> Counter[str]:
    """How often each answer was given."""

    def one(index: int) -> str:
        try:
            answer = act(index)
            return "ok" if answer.status == 200 else answer.code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        return Counter(threads.map(one, range(count)))


def test_100_parallel_wrong_codes_count_as_five_tries(gamer: GamerCaller, phone: Phone) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    bad = wrong(phone.code())
    answers = at_once(100, lambda _: phone.verify(gamer, auth_code, bad))
    assert answers == {"INVALID_OTP": 5, "OTP_ATTEMPTS_EXCEEDED": 95}
    assert PhoneChallenge.objects.get().tries == 5
    assert set(CodeGuard.objects.values_list("failures", flat=True)) == {5}


def test_100_parallel_right_codes_make_one_link(gamer: GamerCaller, phone: Phone) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    code = phone.code()
    answers = at_once(100, lambda _: phone.verify(gamer, auth_code, code))
    # A call that comes after the link is told of it again; the others had to guess that it would be made.
    assert answers["ok"] >= 1
    assert set(answers) <= {"ok", "INVALID_OTP", "OTP_ATTEMPTS_EXCEEDED"}
    assert PhoneLink.objects.count() == KGenAccount.objects.count() == 1
    assert PhoneChallenge.objects.get().tries <= 5


def test_parallel_calls_for_a_code_send_one_message(gamer: GamerCaller, phone: Phone) -> None:
    answers = at_once(40, lambda _: phone.register(gamer))
    assert answers == {"ok": 1, "OTP_RESEND_TOO_SOON": 39}
    assert phone.gateway.count(phone.e164) == 1


def test_parallel_senders_send_each_message_once(studio: StudioCaller, phone: Phone) -> None:
    gamers = [studio.gamer(f"player-{index}") for index in range(20)]
    phones = [Phone(phone.gateway, f"80000000{index:02}") for index in range(20)]
    answers = at_once(20, lambda index: phones[index].register(gamers[index]))
    assert answers == {"ok": 20}
    assert all(phone.gateway.count(one.e164) == 1 for one in phones)


def test_one_of_many_gamers_of_a_game_links_a_contested_phone(
    studio: StudioCaller, other_studio: StudioCaller, phone: Phone
) -> None:
    """One of each game wins, and both games get one account."""
    gamers = [studio.gamer(f"player-{index}") for index in range(4)] + [other_studio.gamer("eve")]
    codes = []
    for gamer in gamers:
        # The growing waits are another test's.
        codes.append(_code_past_waits(gamer, phone))
    answers = at_once(5, lambda index: phone.verify(gamers[index], *codes[index]))
    assert answers == {"ok": 2, "PHONE_ALREADY_LINKED": 3}
    assert KGenAccount.objects.count() == 1
    assert Gamer.objects.exclude(kgen_account=None).count() == 2


def test_a_parallel_unlink_and_withdrawal_do_not_both_succeed(
    studio: StudioCaller, gamer: GamerCaller, phone: Phone
) -> None:
    """Either the phone is unlinked or the money is on its way, never both."""
    phone.link(gamer).ok()
    earn(gamer, 100)
    unlink = {"reason": "lost phone"}

    def either(index: int) -> Answer:
        if index % 2:
            return gamer.post("/fe/wallet/withdraw", {"amount": 1})
        return studio.delete("/s2s/users/player-1/linked-phone", unlink)

    answers = at_once(20, either)
    if "WRONG_STATE" in answers:
        assert answers == {"ok": 1, "WITHDRAWAL_IN_PROGRESS": 9, "WRONG_STATE": 10}
    else:
        assert answers == {"ok": 10, "PHONE_NOT_LINKED": 10}


def _code_past_waits(gamer: GamerCaller, phone: Phone) -> tuple[str, str]:
    for row in PhoneChallenge.objects.all():
        PhoneChallenge.objects.filter(pk=row.pk).update(created_at=row.created_at.replace(year=2020))
    auth_code = phone.register(gamer).ok()["authCode"]
    return auth_code, phone.code()
