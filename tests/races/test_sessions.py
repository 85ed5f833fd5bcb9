"""Sessions at once: one gamer, one wallet, one bonus, one session; and no refresh that locks anybody out."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db.models import F, Sum

from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.threads import at_once, outcomes, together
from users.models import Gamer, GamerSession, NewGamers, RefreshFamily
from users.services import expire_sessions
from wallet.models import Kind, Transaction, Wallet


def test_100_parallel_first_sessions_make_one_gamer_and_one_bonus(studio: StudioCaller) -> None:
    answers = at_once(100, lambda: studio.post("/s2s/session", {"user_id": "ann", "level": 3}))
    bodies = [answer.ok() for answer in answers]
    assert Counter(body["is_new_user"] for body in bodies) == {True: 1, False: 99}
    for same in ("session_id", "wallet_address"):
        assert len({body[same] for body in bodies}) == 1
    assert len({body["access_token"] for body in bodies}) == 100
    assert (Gamer.objects.count(), Wallet.objects.count(), GamerSession.objects.count()) == (1, 1, 1)
    assert list(Transaction.objects.values_list("kind", flat=True)) == [Kind.WELCOME_BONUS]
    assert NewGamers.objects.aggregate(opened=Sum("count")) == {"opened": 1}
    assert [GamerCaller({"user-jwt-token": body["access_token"]}).buckets() for body in bodies[::33]] == [
        (50, 0, 0)
    ] * 4


def test_parallel_first_sessions_of_many_gamers_create_each_gamer_once(studio: StudioCaller) -> None:
    calls = [partial(studio.post, "/s2s/session", {"user_id": f"player-{number % 20}"}) for number in range(60)]
    answers = together(calls)
    assert Counter(answer.ok()["is_new_user"] for answer in answers) == {True: 20, False: 40}
    assert Transaction.objects.filter(kind=Kind.WELCOME_BONUS).count() == 20
    assert NewGamers.objects.aggregate(opened=Sum("count")) == {"opened": 20}


def test_parallel_session_openings_and_endings_leave_at_most_one_live(studio: StudioCaller) -> None:
    studio.gamer("ann")
    body = {"user_id": "ann"}
    for _ in range(8):
        calls = [partial(studio.post, "/s2s/session", body), partial(studio.delete, "/s2s/session", body)] * 10
        assert outcomes(together(calls)) == {(200, ""): 20}
    assert GamerSession.objects.filter(ended_at=None).count() <= 1
    assert studio.gamer("ann").buckets() == (50, 0, 0)


def test_20_parallel_refreshes_of_a_token_get_the_same_successor(studio: StudioCaller, gamer: GamerCaller) -> None:
    refresh = partial(Caller().post, "/fe/users/auth/token/refresh")
    body = {"refresh_token": gamer.session["refresh_token"]}
    pairs = [answer.ok() for answer in at_once(20, lambda: refresh(body))]
    successors = {pair["refresh_token"] for pair in pairs}
    assert len(successors) == 1
    assert RefreshFamily.objects.get().generation == 1
    assert GamerSession.objects.get().ended_at is None
    for pair in pairs:
        assert GamerCaller({"user-jwt-token": pair["access_token"]}).get("/fe/wallet/balance").status == 200
    assert refresh({"refresh_token": successors.pop()}).status == 200


def test_refreshes_of_two_families_of_a_session_are_independent(studio: StudioCaller) -> None:
    families = [studio.gamer("ann").session["refresh_token"] for _ in range(5)]
    body = [{"refresh_token": token} for token in families]
    answers = together([partial(Caller().post, "/fe/users/auth/token/refresh", one) for one in body * 4])
    assert outcomes(answers) == {(200, ""): 20}
    assert len({answer.json["refresh_token"] for answer in answers}) == 5
    assert GamerSession.objects.get().ended_at is None


def test_20_parallel_uses_of_an_old_refresh_token_end_the_session_once(
    studio: StudioCaller, gamer: GamerCaller
) -> None:
    refresh = partial(Caller().post, "/fe/users/auth/token/refresh")
    body = {"refresh_token": gamer.session["refresh_token"]}
    refresh(body).ok()
    RefreshFamily.objects.update(rotated_at=F("rotated_at") - timedelta(seconds=11))
    assert outcomes(at_once(20, lambda: refresh(body))) == {(401, "UN_AUTHORIZED"): 20}
    assert GamerSession.objects.get().end_reason == "token reused"
    gamer.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")


def let_time_run_out() -> None:
    """Every session is over by now."""
    GamerSession.objects.update(started_at=F("started_at") - timedelta(days=60), expires_at=F("started_at"))


def test_parallel_sweepers_expire_each_session_once(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    gamers(30)
    let_time_run_out()
    assert sum(at_once(4, expire_sessions)) == 30
    assert GamerSession.objects.filter(ended_at=F("expires_at"), end_reason="expired").count() == 30
    assert expire_sessions() == 0


def test_a_session_opened_while_the_old_one_expires_stays_live(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    crowd = gamers(10)
    for _ in range(3):
        let_time_run_out()
        answers = together([*[partial(studio.gamer, one.user_id) for one in crowd], *[expire_sessions] * 6])
        for one in answers[:10]:
            assert one.buckets() == (50, 0, 0)
        assert GamerSession.objects.filter(ended_at=None).count() == 10
        GamerSession.objects.exclude(ended_at=None).delete()
