"""`user_id`: the studio's own text, 1–128 characters, kept byte for byte, percent-encoded in paths."""

from urllib.parse import quote

import pytest

from tests.support.http import StudioCaller
from users.models import Gamer

pytestmark = pytest.mark.django_db

ODD_IDS = [
    "a",
    "0",
    "007",
    "x" * 128,
    "😀" * 128,
    "a b",
    "a/b",
    "/",
    "/a",
    "a/",
    "//",
    "../../etc/passwd",
    ".",
    "..",
    "a/balance",
    "a/suspend",
    "balance",
    "deposits",
    "deposits/x/reverse",
    "a?b=c&d#e",
    "100%",
    "%2F",
    "%00",
    "a+b",
    "a;b=c,d",
    "a\\b'\"`",
    "'; DROP TABLE users_gamer; --",
    "<script>alert(1)</script>",
    "ünï-çødé",
    "日本語",
    "e\u0301",
    "\u00e9",
    "\u200bzero width\u200b",
    "\u202eright to left",
    "\ufeffBOM",
    "\uffff",
    "\U0010ffff",
    "@#$^&*()=[]{}|~",
    "mail@example.com",
    "null",
    "{user_id}",
]
# Those that a path could be misread by.
IN_PATHS = [
    "/",
    "a/b",
    "a/",
    "..",
    "a/suspend",
    "deposits/x/reverse",
    "a?b=c&d#e",
    "100%",
    "%2F",
    "a;b=c,d",
    "e\u0301",
    "😀",
]


def test_an_unusual_user_id_is_kept_and_found_byte_for_byte(studio: StudioCaller) -> None:
    for user_id in ODD_IDS:
        session = studio.post("/s2s/session", {"user_id": user_id}).ok()
        assert (session["user_id"], session["is_new_user"]) == (user_id, True)
        assert session["namespaced_third_party_user_id"] == f"{studio.client_id}#{user_id}"
        segment = quote(user_id, safe="")
        balance = studio.get(f"/s2s/wallet/{segment}/balance").ok()
        assert balance["wallet_address"] == session["wallet_address"], user_id
    assert set(Gamer.objects.values_list("user_id", flat=True)) == set(ODD_IDS)


def test_every_studio_call_works_with_an_unusual_user_id(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0)
    for user_id in IN_PATHS:
        gamer, segment = studio.gamer(user_id), quote(user_id, safe="")
        gamer.join(uid, 0).ok()
        studio.post(f"/s2s/gamers/{segment}/suspend", {"reason": "r"}).ok()
        assert Gamer.objects.filter(suspended_at__isnull=False).values_list("user_id", flat=True).get() == user_id
        studio.post(f"/s2s/gamers/{segment}/lift", {"reason": "r"}).ok()
        assert len(studio.get(f"/s2s/wallet/{segment}/transactions/").ok()["transactions"]) == 1
        assert studio.post("/s2s/session", {"user_id": user_id}).ok()["is_new_user"] is False
        assert studio.deposit(user_id, 1, f"for {user_id}".strip()[:255]).status == 201
    rows = [{"user_id": user_id, "value": 1} for user_id in IN_PATHS]
    results = studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"]
    assert [(row["user_id"], row["status"]) for row in results] == [(user_id, "accepted") for user_id in IN_PATHS]
    board = studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard").ok()["leaderboard"]
    assert {row["user_id"] for row in board} == set(IN_PATHS)
    studio.delete("/s2s/session", {"user_id": IN_PATHS[-1]}).ok()


def test_a_look_alike_user_id_is_another_gamer(studio: StudioCaller) -> None:
    looks = ["é", "e\u0301", "É", "a", "A", "а", "ﬁ", "fi", "1", "１", "²", "2", "ß", "ss", "a b", "a\u00a0b", "a%20b"]
    sessions = [studio.post("/s2s/session", {"user_id": user_id}).ok() for user_id in looks]
    assert all(session["is_new_user"] for session in sessions)
    assert len({session["wallet_address"] for session in sessions}) == len(looks)


def test_an_invalid_user_id_is_refused(studio: StudioCaller) -> None:
    blanks = [f"{blank}a" for blank in " \u00a0\u2003\u3000\u2028"] + [
        f"a{blank}" for blank in " \u00a0\u2003\u3000\u2028"
    ]
    controls = [f"a{control}b" for control in "\x01\x1f\x7f\x80\x85\x9f\t\n\r"]
    for wrong in ["", " ", "x" * 129, "😀" * 129, 5, 0, 1.5, True, None, [], {}, *blanks, *controls]:
        problem = studio.post("/s2s/session", {"user_id": wrong}).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == ["user_id"], wrong
    for raw in (rb'{"user_id": "a\u0000"}', rb'{"user_id": "\ud800"}', rb'{"user_id": "\udfff\ud83d"}'):
        studio.post("/s2s/session", raw=raw).refused(400, "BAD_REQUEST")
    assert Gamer.objects.count() == 0


def test_a_path_is_decoded_once(studio: StudioCaller) -> None:
    studio.gamer("%2F", name="Percent")
    studio.gamer("/", name="Slash")
    percent = studio.get("/s2s/wallet/%252F/balance").ok()["wallet_address"]
    slash = studio.get("/s2s/wallet/%2F/balance").ok()["wallet_address"]
    assert percent != slash
    studio.get("/s2s/wallet/%25252F/balance").refused(404, "RECORD_NOT_FOUND")


def test_a_plain_slash_in_a_path_equals_an_encoded_slash(studio: StudioCaller) -> None:
    studio.gamer("a/b")
    assert studio.get("/s2s/wallet/a/b/balance").content == studio.get("/s2s/wallet/a%2Fb/balance").content


def test_gamer_id_is_accepted_instead_of_user_id(studio: StudioCaller) -> None:
    for path in ("/s2s/session", "/api/v1/session"):
        session = studio.post(path, {"gamer_id": f"old {path}"}).ok()
        assert (session["user_id"], session["gamer_id"]) == (f"old {path}", f"old {path}")
        assert studio.post(path, {"user_id": "new", "gamer_id": "old"}).ok()["user_id"] == "new"
        problem = studio.post(path, {"gamer_id": 5}).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == ["user_id"]
        studio.post(path, {}).refused(400, "BAD_REQUEST")
    assert not Gamer.objects.filter(user_id="old").exists()


def test_a_percent_encoded_deposit_reference_is_found(studio: StudioCaller) -> None:
    gamer = studio.gamer("u")
    references = [*IN_PATHS, "x" * 255, "r/reverse"]
    for reference in references:
        assert studio.deposit("u", 3, reference).ok(201)["reference"] == reference
        reversal = studio.post(f"/s2s/wallet/deposits/{quote(reference, safe='')}/reverse").ok()
        assert reversal["reference"] == reference
    assert gamer.buckets() == (50, 0, 0)
