"""The way into the store: an address with a code, which the store's server redeems once."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db.models import F

from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.phones import Phone
from tests.support.rows import snapshot
from tests.support.threads import at_once, outcomes
from users.models import Client, Gamer, StoreCode
from users.services import forget_store_codes
from users.stores import is_store_url, with_code

ADDRESS = "/fe/users/k-store/generate-redirect-uri"
STORE = "https://shop.example/in?game=7&lang=hi"


@pytest.fixture
def shopper(client_row: Client, gamer: GamerCaller, phone: Phone) -> GamerCaller:
    """A gamer with a linked phone, whose client has a store."""
    Client.objects.filter(pk=client_row.pk).update(store_url=STORE)
    phone.link(gamer)
    return gamer


def code_of(gamer: GamerCaller) -> str:
    """The code in a new address."""
    return dict(parse_qsl(urlsplit(gamer.post(ADDRESS).ok()["url"]).query))["code"]


def redeem(code: str) -> str:
    """The path that redeems a code."""
    return f"/s2s/store-codes/{code}/redeem"


@pytest.mark.django_db
def test_a_code_opens_the_store_for_its_gamer_once(studio: StudioCaller, shopper: GamerCaller) -> None:
    url = shopper.post(ADDRESS).ok()["url"]
    assert url.startswith(f"{STORE}&code=")
    code = url.removeprefix(f"{STORE}&code=")
    assert len(code) == 22
    session = studio.gamer(shopper.user_id).session
    wanted = ("user_id", "namespaced_third_party_user_id", "wallet_address", "indigg_id", "indigg_wallet_address")
    assert studio.post(redeem(code)).ok() == {name: session[name] for name in wanted}
    studio.post(redeem(code)).refused(404, "RECORD_NOT_FOUND")


@pytest.mark.django_db
def test_each_call_makes_a_code_of_its_own_and_stores_only_a_digest(shopper: GamerCaller) -> None:
    codes = {code_of(shopper) for _ in range(3)}
    assert len(codes) == StoreCode.objects.count() == 3
    assert not any(code.encode() in bytes(row.digest) for code in codes for row in StoreCode.objects.all())


@pytest.mark.django_db
def test_a_code_is_void_after_a_minute_and_then_forgotten(studio: StudioCaller, shopper: GamerCaller) -> None:
    late, live = code_of(shopper), code_of(shopper)
    first = StoreCode.objects.order_by("id")[:1].values("pk")
    StoreCode.objects.filter(pk__in=first).update(expires_at=F("expires_at") - timedelta(seconds=60))
    studio.post(redeem(late)).refused(404, "RECORD_NOT_FOUND")
    forget_store_codes()
    assert StoreCode.objects.count() == 1
    studio.post(redeem(live)).ok()


@pytest.mark.django_db
def test_foreign_and_malformed_codes_are_unknown(
    studio: StudioCaller, other_studio: StudioCaller, shopper: GamerCaller
) -> None:
    code, before = code_of(shopper), snapshot()
    other_studio.post(redeem(code)).refused(404, "RECORD_NOT_FOUND")
    for other in ("x", code[:-1], code + "=", "%00", "%F0%9F%98%80", "a%2Fb", "x" * 2000):
        studio.post(redeem(other)).refused(404, "RECORD_NOT_FOUND")
    assert snapshot() == before
    studio.post(redeem(code)).ok()


@pytest.mark.django_db
def test_a_redeemed_code_answers_again_under_its_idempotency_key(studio: StudioCaller, shopper: GamerCaller) -> None:
    code = code_of(shopper)
    first, again = (studio.post(redeem(code), key="visit 1") for _ in range(2))
    assert first.ok() == again.ok()
    assert again.headers["Idempotent-Replayed"] == "true"
    studio.post(redeem(code), key="visit 2").refused(404, "RECORD_NOT_FOUND")


@pytest.mark.django_db
def test_an_idempotency_key_makes_one_code(studio: StudioCaller, shopper: GamerCaller) -> None:
    first, again = (shopper.post(ADDRESS, key="visit") for _ in range(2))
    assert first.ok() == again.ok()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert StoreCode.objects.count() == 1


@pytest.mark.django_db
def test_no_store_comes_before_no_phone(client_row: Client, gamer: GamerCaller) -> None:
    gamer.post(ADDRESS, raw=b"\xff").refused(400, "BAD_REQUEST")
    gamer.post(ADDRESS).refused(404, "RECORD_NOT_FOUND")
    Client.objects.filter(pk=client_row.pk).update(store_url=STORE)
    before = snapshot()
    gamer.post(ADDRESS).refused(409, "PHONE_NOT_LINKED")
    Caller({"user-jwt-token": "x"}).post(ADDRESS).refused(401, "UN_AUTHORIZED")
    assert snapshot() == before


@pytest.mark.django_db
def test_a_suspended_gamer_may_shop(studio: StudioCaller, shopper: GamerCaller) -> None:
    studio.post(f"/s2s/gamers/{shopper.user_id}/suspend", {"reason": "r"}).ok()
    studio.post(redeem(code_of(shopper))).ok()


@pytest.mark.django_db
def test_a_code_of_an_unlinked_gamer_names_no_kgen_account(studio: StudioCaller, shopper: GamerCaller) -> None:
    code = code_of(shopper)
    Gamer.objects.update(kgen_account=None, linked_at=None)
    found = studio.post(redeem(code)).ok()
    assert (found["indigg_id"], found["indigg_wallet_address"]) == (None, "")


@pytest.mark.usefixtures("committed")
def test_of_many_redeems_at_once_exactly_one_wins(studio: StudioCaller, shopper: GamerCaller) -> None:
    code = code_of(shopper)
    answers = at_once(16, lambda: studio.post(redeem(code)))
    assert outcomes(answers) == {(200, ""): 1, (404, "RECORD_NOT_FOUND"): 15}


@pytest.mark.parametrize(
    "url", ["https://shop.example", "https://shop.example:8443/a?b=c", "http://localhost:3000/", "http://[::1]/"]
)
def test_a_store_is_at_an_https_address_or_on_this_machine(url: str) -> None:
    assert is_store_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example",
        "ftp://shop.example",
        "//shop.example",
        "https://",
        "https://u:p@shop.example",
        "https://shop.example/#top",
        "https://shop.example/?code=1",
        "https://shop.example/?a=1&code",
        "https://shop.example/a b",
        "https://shop.example:99999",
        "https://shop.example:0",
        "https://shop..example",
        "https://[::1",
        "javascript:alert(1)",
        f"https://shop.example/{'x' * 2000}",
    ],
)
def test_other_addresses_are_no_store(url: str) -> None:
    assert not is_store_url(url)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://shop.example", "https://shop.example?code=c"),
        ("https://shop.example/?", "https://shop.example/?code=c"),
        ("https://shop.example/a?b=%26c", "https://shop.example/a?b=%26c&code=c"),
    ],
)
def test_the_code_follows_the_stores_own_query(url: str, wanted: str) -> None:
    assert with_code(url, "c") == wanted
