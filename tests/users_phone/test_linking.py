"""A phone is linked: what gamers and studios then see."""

from typing import Any

import jwt
import pytest
from django.db import connection

from tests.support.http import GamerCaller, StudioCaller
from tests.support.phones import Phone, let_pass
from tests.support.withdrawals import earn, withdraw
from users.models import KGenAccount, PhoneLink
from wallet.services.paying import pay_due

pytestmark = pytest.mark.django_db
LINKED = "/fe/users/account/linked-mobile-number"


def claims(session: Any) -> Any:
    return jwt.decode(session["access_token"], options={"verify_signature": False})


def test_a_phone_is_linked_with_a_code(studio: StudioCaller, gamer: GamerCaller, phone: Phone) -> None:
    assert gamer.session["indigg_id"] is None
    gamer.get(LINKED).refused(404, "RECORD_NOT_FOUND")
    registered = phone.register(gamer).ok()
    assert registered["isNewUser"] is True
    assert len(registered["authCode"]) == 4
    assert registered["authCode"][0] != "0"
    sent = phone.gateway.received[0].json
    assert sent["to"] == "+918000000001"
    assert len(sent["code"]) == 6
    assert sent["code"] in sent["text"]
    assert phone.verify(gamer, registered["authCode"], sent["code"]).ok() == {"message": "Users linked successfully"}

    linked = gamer.get(LINKED).ok()
    session = studio.gamer("player-1").session
    assert linked == {
        "UserID": "player-1",
        "NameSpacedThirdPartyUserID": f"{studio.client_id}#player-1",
        "WalletAddress": session["wallet_address"],
        "IndiggWalletAddress": session["indigg_wallet_address"],
        "LinkedPhone": "+918000000001",
        "KGenID": session["indigg_id"],
    }
    assert session["linked_phone"] == session["linkedMobileNumber"] == "+918000000001"
    assert session["indigg_wallet_address"] not in ("", session["wallet_address"])
    assert claims(session)["indigg_id"] == session["indigg_id"] == str(KGenAccount.objects.get().pk)
    assert "8000000001" not in str(claims(session))
    refreshed = gamer.post("/fe/users/auth/token/refresh", {"refresh_token": session["refresh_token"]}).ok()
    assert claims(refreshed)["indigg_id"] == session["indigg_id"]
    for pair in (session, refreshed):
        assert claims(pair)["indigg_wallet_address"] == session["indigg_wallet_address"]
        assert claims(pair)["gamer_id"] == "player-1"


@pytest.mark.parametrize("as_number", [False, True])
def test_codes_are_accepted_as_texts_and_as_numbers(gamer: GamerCaller, phone: Phone, as_number: bool) -> None:
    auth_code = phone.register(gamer).ok()["authCode"]
    kind = int if as_number else str
    phone.verify(gamer, kind(auth_code), kind(phone.code())).ok()


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("8000000001", "+91"),
        ("8000000001", "91"),
        ("8000000001", "IN"),
        ("8000000001", "in"),
        ("080000 00001", "IN"),
        ("918000000001", "+91"),
        ("+918000000001", "+91"),
        ("+91 80000-00001", ""),
    ],
)
def test_every_spelling_of_a_number_is_one_phone(gamer: GamerCaller, phone: Phone, number: str, country: str) -> None:
    body = {"phone_number": number} | ({"countryCode": country} if country else {})
    gamer.post("/fe/users/auth/otp/register", body).ok()
    phone.register(gamer).refused(429, "OTP_RESEND_TOO_SOON")
    assert phone.gateway.count(phone.e164) == 1


def test_linking_the_same_phone_again_changes_nothing(gamer: GamerCaller, phone: Phone) -> None:
    phone.link(gamer).ok()
    registered = phone.register(gamer).ok()
    assert registered["isNewUser"] is False
    phone.verify(gamer, registered["authCode"], phone.code()).ok()
    assert PhoneLink.objects.count() == 1


def test_a_gamer_cannot_link_a_second_phone(gamer: GamerCaller, phone: Phone) -> None:
    other = Phone(phone.gateway, "8000000002")
    auth_code = other.register(gamer).ok()["authCode"]
    phone.link(gamer).ok()
    other.verify(gamer, auth_code, other.code()).refused(409, "PHONE_ALREADY_LINKED")
    other.register(gamer).refused(409, "PHONE_ALREADY_LINKED")


def test_a_phone_links_to_one_gamer_of_a_game(studio: StudioCaller, phone: Phone) -> None:
    ann, bob = studio.gamer("ann"), studio.gamer("bob")
    phone.link(ann).ok()
    registered = phone.register(bob).ok()
    assert registered["isNewUser"] is False
    phone.verify(bob, registered["authCode"], "100000").refused(400, "INVALID_OTP")
    phone.verify(bob, registered["authCode"], phone.code()).refused(409, "PHONE_ALREADY_LINKED")
    phone.verify(bob, registered["authCode"], phone.code()).refused(400, "INVALID_OTP")


def test_a_phone_has_one_account_over_all_games(studio: StudioCaller, other_studio: StudioCaller, phone: Phone) -> None:
    ann, eve = studio.gamer("ann"), other_studio.gamer("eve")
    phone.link(ann).ok()
    phone.link(eve).ok()
    first, second = ann.get(LINKED).ok(), eve.get(LINKED).ok()
    assert first["KGenID"] == second["KGenID"]
    assert first["IndiggWalletAddress"] == second["IndiggWalletAddress"]
    assert first["WalletAddress"] != second["WalletAddress"]


def test_a_number_is_stored_in_its_own_tables_only(
    studio: StudioCaller, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    gamer = studio.gamer("ann")
    with caplog.at_level("INFO"), caplog.at_level("INFO", "kgen.request"):
        phone.link(gamer).ok()
    logged = " ".join(str(record.msg) for record in caplog.records)
    assert logged
    assert "8000000001" not in logged
    assert phone.code() not in logged
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE '%8000000001%'")
            holds = cursor.fetchone()[0] > 0
            assert holds == (table in ("users_kgenaccount", "users_codeguard", "users_phonechallenge")), table
            cursor.execute(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE %s", [f"%{phone.code()}%"])
            assert cursor.fetchone()[0] == 0, table


def test_a_phone_linked_again_holds_withdrawals_for_a_day(
    studio: StudioCaller, gamer: GamerCaller, phone: Phone
) -> None:
    phone.link(gamer).ok()
    path = "/s2s/users/player-1/linked-phone"
    studio.delete(path, {}).refused(400, "BAD_REQUEST")
    for _ in range(2):
        assert studio.delete(path, {"reason": "lost phone"}).ok() == {"message": "phone unlinked"}
    gamer.get(LINKED).refused(404, "RECORD_NOT_FOUND")
    link = PhoneLink.objects.get()
    assert (link.unlinked_by, link.unlink_reason) == ("studio", "lost phone")
    assert link.gamer.withdrawal_hold_until is None
    phone.link(gamer).ok()
    link.gamer.refresh_from_db()
    assert link.gamer.linked_at
    assert link.gamer.withdrawal_hold_until
    assert round((link.gamer.withdrawal_hold_until - link.gamer.linked_at).total_seconds()) == 24 * 3600


def test_unlinking_accepts_any_user_id_of_the_clients_gamers_only(
    studio: StudioCaller, other_studio: StudioCaller, phone: Phone
) -> None:
    odd = studio.gamer("guild/7 ü")
    phone.link(odd).ok()
    path = "/s2s/users/guild%2F7%20%C3%BC/linked-phone"
    other_studio.delete(path, {"reason": "mine now"}).refused(404, "RECORD_NOT_FOUND")
    studio.delete(path, {"reason": "lost phone"}).ok()
    odd.get(LINKED).refused(404, "RECORD_NOT_FOUND")


def test_unlinking_during_an_open_withdrawal_is_refused(studio: StudioCaller, gamer: GamerCaller, phone: Phone) -> None:
    phone.link(gamer).ok()
    earn(gamer, 100)
    withdrawal = withdraw(gamer, 40)
    path = "/s2s/users/player-1/linked-phone"
    studio.delete(path, {"reason": "x"}).refused(409, "WRONG_STATE")
    gamer.get(LINKED).ok()
    pay_due()
    withdrawal.refresh_from_db()
    assert withdrawal.state == "PAID"
    studio.delete(path, {"reason": "x"}).ok()
    gamer.post("/fe/wallet/withdraw", {"amount": 40}).refused(409, "PHONE_NOT_LINKED")
    phone.link(gamer).ok()
    gamer.post("/fe/wallet/withdraw", {"amount": 40}).refused(409, "WITHDRAWAL_ON_HOLD")


def test_a_freed_phone_linked_by_another_gamer_holds_no_withdrawal(studio: StudioCaller, phone: Phone) -> None:
    ann, bob = studio.gamer("ann"), studio.gamer("bob")
    phone.link(ann).ok()
    studio.delete("/s2s/users/ann/linked-phone", {"reason": "sold"}).ok()
    let_pass(minutes=1)
    phone.link(bob).ok()
    assert PhoneLink.objects.get(gamer__user_id="bob").gamer.withdrawal_hold_until is None
