"""The profile in a session call: what is given is kept, what is left out stays."""

from typing import Any

import pytest

from tests.support.calls import SESSION_TEXTS
from tests.support.http import StudioCaller
from tests.support.inputs import MOST
from users.models import Client, Gamer
from users.services.opening import Opening, open_many

pytestmark = pytest.mark.django_db

FULL: dict[str, Any] = {name: f"{name} of u" for name in SESSION_TEXTS} | {"level": 12, "rank": 3}


def profile_after(studio: StudioCaller, **profile: Any) -> dict[str, Any]:
    """The profile that a call with these fields answers with."""
    session = studio.post("/s2s/session", {"user_id": "u"} | profile).ok()
    return {name: session[name] for name in FULL}


def test_every_profile_field_is_kept_from_the_first_call_on(studio: StudioCaller) -> None:
    assert profile_after(studio, **FULL) == FULL
    assert profile_after(studio) == FULL
    assert Gamer.objects.values(*FULL).get() == FULL


def test_an_omitted_or_null_field_keeps_its_value(studio: StudioCaller) -> None:
    profile_after(studio, **FULL)
    expected = dict(FULL)
    for name in SESSION_TEXTS:
        expected[name] = f"new {name}"
        others = dict.fromkeys(set(SESSION_TEXTS) - {name})
        assert profile_after(studio, **others, **{name: f"new {name}"}) == expected
    profile_after(studio, **FULL)
    assert profile_after(studio, level=13, rank=None) == FULL | {"level": 13}
    assert profile_after(studio, **dict.fromkeys(FULL)) == FULL | {"level": 13}


def test_a_field_can_be_emptied(studio: StudioCaller) -> None:
    profile_after(studio, **FULL)
    empty = dict.fromkeys(SESSION_TEXTS, "") | {"level": 0, "rank": 0}
    assert profile_after(studio, **empty) == empty


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (5, "5"),
        (0, "0"),
        (-7, "-7"),
        (1080.5, "1080.5"),
        (9876543210, "9876543210"),
        (2**63, str(2**63)),
        (1e21, "1e+21"),
    ],
)
def test_a_number_in_a_text_field_is_kept_as_text(studio: StudioCaller, given: Any, kept: str) -> None:
    numbers = dict.fromkeys(SESSION_TEXTS, given)
    assert profile_after(studio, **numbers) == dict.fromkeys(SESSION_TEXTS, kept) | {"level": 0, "rank": 0}
    assert profile_after(studio) == dict.fromkeys(SESSION_TEXTS, kept) | {"level": 0, "rank": 0}


def test_level_and_rank_are_integers(studio: StudioCaller) -> None:
    for value in (MOST, -MOST, 0, 7):
        assert profile_after(studio, level=value, rank=value)["level"] == value
    for wrong in ("7", 7.5, True, [7], MOST + 1, -MOST - 1):
        for name in ("level", "rank"):
            body = {"user_id": "u", "name": "must not be kept", name: wrong}
            [fault] = studio.post("/s2s/session", body).refused(400, "BAD_REQUEST")["errors"]
            assert fault["field"] == name
    assert profile_after(studio) == dict.fromkeys(SESSION_TEXTS, "") | {"level": 7, "rank": 7}


def test_a_text_field_refuses_a_list_an_object_and_a_bool(studio: StudioCaller) -> None:
    profile_after(studio, **FULL)
    for wrong in ([], ["x"], {}, {"a": 1}, True, False):
        problem = studio.post("/s2s/session", {"user_id": "u", **dict.fromkeys(SESSION_TEXTS, wrong)})
        fields = [fault["field"] for fault in problem.refused(400, "BAD_REQUEST")["errors"]]
        assert sorted(fields) == sorted(SESSION_TEXTS)
    assert profile_after(studio) == FULL


def test_fields_of_the_answer_only_cannot_be_set(studio: StudioCaller) -> None:
    body = {
        "user_id": "u",
        "wallet_address": "0x" + "0" * 40,
        "is_new_user": False,
        "indigg_id": "x",
        "linked_phone": "+911",
        "session_id": "x",
        "suspended_at": "2020-01-01T00:00:00Z",
    }
    session = studio.post("/s2s/session", body).ok()
    assert session["wallet_address"] != body["wallet_address"]
    assert (session["is_new_user"], session["indigg_id"], session["linked_phone"]) == (True, None, "")
    assert Gamer.objects.get().suspended_at is None


def test_each_gamer_has_a_separate_profile(studio: StudioCaller, other_studio: StudioCaller) -> None:
    profile_after(studio, **FULL)
    studio.post("/s2s/session", {"user_id": "v", "name": "Vera"}).ok()
    other_studio.post("/s2s/session", {"user_id": "u", "name": "Ulla"}).ok()
    assert profile_after(studio) == FULL


def test_profiles_of_one_batch_are_each_kept_with_omitted_fields(
    studio: StudioCaller, other_studio: StudioCaller
) -> None:
    client, other = (Client.objects.get(pk=one.client_id) for one in (studio, other_studio))
    profile_after(studio, **FULL)
    for name in ("v", "w"):
        studio.post("/s2s/session", {"user_id": name, "name": name, "level": 3}).ok()
    other_studio.post("/s2s/session", {"user_id": "u", "name": "Ulla"}).ok()
    open_many(
        openings=[
            Opening(client, "w", {"name": "Wim", "level": -5}),
            Opening(client, "v", {"rank": MOST}),
            Opening(client, "u", {}),
            Opening(other, "u", {"email": "u@x", "name": ""}),
            Opening(client, "w", {"name": "Wanda", "os_name": "ä\"'\\"}),
        ]
    )
    assert profile_after(studio) == FULL
    kept = {(g.client_id, g.user_id): (g.name, g.email, g.os_name, g.level, g.rank) for g in Gamer.objects.all()}
    assert kept[client.pk, "v"] == ("v", "", "", 3, MOST)
    assert kept[client.pk, "w"] == ("Wanda", "", "ä\"'\\", -5, 0)
    assert kept[other.pk, "u"] == ("", "u@x", "", 0, 0)
