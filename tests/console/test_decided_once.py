"""Deciding the same twice: the second operator is told that it is so already, and the trail has one act."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from esports.models import ScoreEvent, Tournament
from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from rewards.models import HoldStep, Reward
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.console import messages_after, page_of, participation_page, prize_of
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.rows import snapshot
from tests.support.settling import play

pytestmark = pytest.mark.django_db
Two = tuple[Browser, Browser]


@pytest.fixture
def both() -> Two:
    """Two operators who may do the same."""
    return logged_in(operator_in(Role.ORGANISER)), logged_in(operator_in(Role.ADMIN))


@pytest.fixture
def cup(studio: StudioCaller) -> str:
    """A tournament with three gamers who have scores."""
    uid = studio.tournament()
    play(studio, uid, {"a": 50, "b": 40, "c": 30})
    return uid


def rows() -> dict[str, Any]:
    """All rows but those of logins."""
    return {name: kept for name, kept in snapshot().items() if "session" not in name}


def second_is_refused(both: Two, words: str, decide: Callable[[Browser, str], str]) -> None:
    """The first operator decides; the second is told `words`, which is all that happens then."""
    first, second = both
    assert words not in decide(first, "the first reason")
    before = rows()
    said = decide(second, "another reason")
    assert words in said
    assert "object (" not in said
    assert rows() == before
    assert not AuditEntry.objects.filter(reason="another reason").exists()


def test_a_second_void_of_a_score_is_refused(both: Two, cup: str) -> None:
    event = ScoreEvent.objects.get(value=50)
    path = participation_page(cup, "a")
    words = f"score event {event.pk}: This score is voided already."
    second_is_refused(both, words, lambda browser, why: messages_after(browser, path, "void", why, event=event.pk))
    assert ScoreEvent.objects.get(pk=event.pk).void_reason == "the first reason"


def test_a_second_disqualification_or_reinstatement_is_refused(both: Two, cup: str) -> None:
    path = participation_page(cup, "a")
    second_is_refused(
        both, "disqualified already", lambda browser, why: messages_after(browser, path, "disqualify", why)
    )
    second_is_refused(both, "is not disqualified", lambda browser, why: messages_after(browser, path, "reinstate", why))


def test_a_second_release_or_forfeit_of_a_prize_is_refused(both: Two, cup: str) -> None:
    end(cup)
    assert settle_due() == 1
    path = prize_of(cup, "a")
    messages_after(both[0], path, "hold", "odd")
    messages_after(both[0], path, "release", "fine")
    for do, words in (("release", "is unclaimed"), ("forfeit", "is unclaimed")):
        assert words in messages_after(both[1], path, do, "wrong order")
    second_is_refused(both, "is held", lambda browser, why: messages_after(browser, path, "hold", why))
    second_is_refused(both, "is forfeited", lambda browser, why: messages_after(browser, path, "forfeit", why))
    assert Reward.objects.get().status == "FORFEITED"
    assert HoldStep.objects.count() == AuditEntry.objects.count() == 4


def test_a_second_cancellation_is_refused(both: Two, cup: str) -> None:
    path = f"{page_of(cup)}cancel/"
    second_is_refused(both, "is cancelled already", lambda browser, why: messages_after(browser, path, "cancel", why))
    assert Tournament.objects.get(pk=cup).cancel_reason == "the first reason"
