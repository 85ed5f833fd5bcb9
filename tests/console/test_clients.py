"""Clients in the console: made, changed after a look, switched, secrets rotated; webhooks watched and replayed."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from kgen.errors import Unauthorized
from kgen.jobs.models import Job
from kgen.models import AuditEntry
from kgen.webhooks.events import emit
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint
from kgen.webhooks.services import add_endpoint, deliver_due, send_test
from tests.support import factories
from tests.support.http import StudioCaller
from tests.support.jobs import finished
from tests.support.listener import listening
from tests.support.operators import logged_in, operator_in
from users.models import Client, ClientSecret
from users.selectors import client_of_secret
from users.services import issue_secret

pytestmark = pytest.mark.django_db
SETTINGS: dict[str, Any] = {
    "name": "New game",
    "currency": "GOLD",
    "welcome_bonus": 25,
    "minimum_withdrawal": 10,
    "maximum_withdrawal": 1000,
    "daily_withdrawal_limit": "",
    "approval_above": 500,
    "reward_expiry_days": "",
    "sponsorship_limit": 5000,
    "phone_countries": "in, BD",
    "store_url": "https://shop.example/?game=7",
}
NEW = "/console/studios/clients/new/"


def page_of(client: Client, more: str = "") -> str:
    return f"/console/studios/clients/{client.pk}/{more}"


def said(browser: Browser, path: str, do: str, **fields: Any) -> str:
    return browser.post(path, {"do": do} | fields, follow=True).content.decode()


def secret_in(page: str) -> str:
    return re.findall(r'class="kg-secret">([^<]+)<', page)[0]


def test_a_client_is_created_once_and_its_secret_shown_once(browser: Browser) -> None:
    preview = said(browser, NEW, "preview", **SETTINGS)
    assert not Client.objects.exists()
    assert "What will be made" in preview
    key = re.findall(r'name="client_id" value="([^"]+)"', preview)[0]
    answer = browser.post(NEW, SETTINGS | {"do": "make", "client_id": key, "reason": "contract 7"})
    assert "no-store" in answer.headers["Cache-Control"]
    made = Client.objects.get()
    assert (str(made.pk), made.currency, made.phone_countries, made.daily_withdrawal_limit) == (
        key,
        "GOLD",
        "BD,IN",
        None,
    )
    secret = secret_in(answer.content.decode())
    assert client_of_secret(str(made.pk), secret)[0] == made
    assert secret not in browser.get(page_of(made)).content.decode()
    assert "already exists" in said(browser, NEW, "make", **SETTINGS, client_id=key, reason="contract 7")
    assert Client.objects.count() == 1
    entry = AuditEntry.objects.get(act="client.make")
    assert (entry.object_id, entry.reason, entry.before) == (key, "contract 7", None)
    assert secret not in str(entry.after)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "1 to 200 characters"),
        ("currency", "gold", "capital letters"),
        ("welcome_bonus", "-1", "A whole number from 0"),
        ("welcome_bonus", "", "A whole number from 0"),
        ("maximum_withdrawal", "9", "nobody could withdraw"),
        ("daily_withdrawal_limit", "5", "nobody could withdraw"),
        ("sponsorship_limit", 2**53, "A whole number from 0"),
        ("reward_expiry_days", "0", "A whole number from 1"),
        ("phone_countries", "IN,XX", "No country: XX"),
        ("phone_countries", ",", "At least one country"),
        ("store_url", "http://shop.example/", "An https address"),
        ("store_url", "https://shop.example/?code=1", "An https address"),
    ],
)
def test_invalid_settings_are_refused_at_their_field(browser: Browser, field: str, value: Any, words: str) -> None:
    for do in ("preview", "make"):
        answer = browser.post(NEW, SETTINGS | {field: value, "do": do, "client_id": uuid4(), "reason": "x"})
        assert answer.status_code == 400
        assert words in answer.content.decode()
    assert not Client.objects.exists()


def test_going_back_from_the_preview_keeps_the_typed_values(browser: Browser, client_row: Client) -> None:
    for path in (NEW, page_of(client_row, "settings/")):
        looked = said(browser, path, "preview", **SETTINGS)
        assert 'name="do" value="edit" formnovalidate' in looked
        form = said(browser, path, "edit", **SETTINGS)
        assert 'value="New game"' in form
        assert 'value="in, BD"' in form
        assert 'value="preview"' in form
    assert Client.objects.count() == 1
    assert not AuditEntry.objects.exists()


def test_settings_are_previewed_before_saving(browser: Browser, client_row: Client) -> None:
    path = page_of(client_row, "settings/")
    changed = SETTINGS | {"name": client_row.name, "currency": client_row.currency, "welcome_bonus": 75}
    preview = said(browser, path, "preview", **changed)
    assert '<td class="was"><code>50</code></td><td class="is"><code>75</code></td>' in preview
    client_row.refresh_from_db()
    assert client_row.welcome_bonus == 50
    seen = re.findall(r'name="seen" value="([^"]+)"', preview)[0]
    assert "Give a reason" in said(browser, path, "save", **changed, seen=seen)
    assert "The settings are saved." in said(browser, path, "save", **changed, seen=seen, reason="as agreed")
    client_row.refresh_from_db()
    assert (client_row.welcome_bonus, client_row.approval_above) == (75, 500)
    entry = AuditEntry.objects.get(act="client.change_settings")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["welcome_bonus"], entry.after["welcome_bonus"]) == (50, 75)
    # Somebody else's change would be lost.
    changed |= {"welcome_bonus": 80}
    assert "Another operator has changed" in said(browser, path, "save", **changed, seen=seen, reason="again")
    assert "Another operator has changed" in said(browser, path, "save", **changed, seen="forged", reason="again")
    client_row.refresh_from_db()
    assert client_row.welcome_bonus == 75


def test_the_currency_cannot_change_once_the_client_has_accounts(browser: Browser, client_row: Client) -> None:
    path = page_of(client_row, "settings/")

    def save(currency: str) -> str:
        sent = SETTINGS | {"currency": currency}
        looked = said(browser, path, "preview", **SETTINGS | {"currency": client_row.currency})
        seen = re.findall(r'name="seen" value="([^"]+)"', looked)[0]
        return said(browser, path, "save", **sent, seen=seen, reason="x")

    assert "The settings are saved." in save("SILVER")
    client_row.refresh_from_db()
    StudioCaller.of(client_row).gamer("ann")
    assert "The currency is fixed" in save("GOLD")
    preview = browser.post(page_of(client_row, "settings/"), SETTINGS | {"do": "preview"})
    assert preview.status_code == 400, "it is said before a reason is asked for"
    assert "The currency is fixed" in preview.content.decode()
    client_row.refresh_from_db()
    assert client_row.currency == "SILVER"


def test_a_client_can_be_switched_off_and_on(browser: Browser, studio: StudioCaller) -> None:
    client = Client.objects.get(pk=studio.client_id)
    assert "Give a reason" in said(browser, page_of(client), "switch_off")
    assert "The client is switched off." in said(browser, page_of(client), "switch_off", reason="unpaid")
    studio.get("/s2s/webhooks").refused(401, "UN_AUTHORIZED")
    assert "already switched off" in said(browser, page_of(client), "switch_off", reason="unpaid")
    assert "The client is switched on." in said(browser, page_of(client), "switch_on", reason="paid")
    studio.get("/s2s/webhooks").ok()
    entries = AuditEntry.objects.order_by("id").values_list("act", "reason")
    assert list(entries) == [("client.switch_off", "unpaid"), ("client.switch_on", "paid")]


def test_a_rotated_secret_works_beside_the_new_one(browser: Browser, client_row: Client) -> None:
    old = issue_secret(client_id=client_row.pk)
    first = ClientSecret.objects.get()
    assert "only live secret" in said(browser, page_of(client_row), "revoke", secret=first.pk, reason="x")
    new = secret_in(said(browser, page_of(client_row), "issue", newest=first.pk, reason="yearly"))
    for secret in (old, new):
        assert client_of_secret(str(client_row.pk), secret)[0] == client_row
    assert "is revoked" in said(browser, page_of(client_row), "revoke", secret=first.pk, reason="yearly")
    with pytest.raises(Unauthorized):
        client_of_secret(str(client_row.pk), old)
    assert client_of_secret(str(client_row.pk), new)[0] == client_row
    assert list(AuditEntry.objects.order_by("id").values_list("act", flat=True)) == [
        "client.issue_secret",
        "client.revoke_secret",
    ]
    assert new not in str(list(AuditEntry.objects.values()))


def test_a_limited_operator_creates_no_client_and_changes_only_its_own(client_row: Client) -> None:
    other_client = factories.ClientFactory()
    browser = logged_in(operator_in(Role.ADMIN, client_row))
    assert browser.post(NEW, SETTINGS | {"do": "make", "reason": "x"}).status_code == 403
    for more in ("", "settings/", "webhooks/"):
        assert browser.get(page_of(client_row, more)).status_code == 200
        assert browser.get(page_of(other_client, more)).status_code == 404
    assert browser.post(page_of(other_client), {"do": "switch_off", "reason": "x"}).status_code == 404
    endpoint = add_endpoint(client_id=other_client.pk, url="https://x.example/", event_types=[])
    assert browser.get(f"/console/studios/webhooks/{endpoint.pk}/").status_code == 404
    assert str(endpoint.pk) not in browser.get("/console/kgen/webhookendpoint/").content.decode()


def test_an_operator_makes_tests_and_removes_an_endpoint(browser: Browser, client_row: Client) -> None:
    path = page_of(client_row, "webhooks/")
    unusable = [{"url": url} for url in ("ftp://x.example/", "https://a..b/hook", f"https://{'a' * 64}.example/")]
    for wrong in (*unusable, {"url": "https://x.example/", "event_types": ["nope"]}):
        assert browser.post(path, {"do": "add", "reason": "x"} | wrong).status_code == 400
    assert not WebhookEndpoint.objects.exists()
    sent = {"url": "https://x.example/hook?key=1", "event_types": ["gamer.linked"], "reason": "wanted"}
    secret = secret_in(said(browser, path, "add", **sent))
    endpoint = WebhookEndpoint.objects.get()
    own = f"/console/studios/webhooks/{endpoint.pk}/"
    assert "https://x.example/hook?key=1" in browser.get(own).content.decode()
    newer = secret_in(said(browser, own, "rotate", version=1, reason="yearly"))
    assert newer != secret
    assert "1 earlier one signs too, the last of them until" in browser.get(own).content.decode()
    assert secret_in(said(browser, own, "rotate_and_revoke", version=2, reason="leaked")) != newer
    assert "earlier one" not in re.sub(r"<button.*?</button>|<input[^>]*>", "", browser.get(own).content.decode())
    assert "A test event is on its way." in said(browser, own, "test")
    assert "The endpoint is switched off." in said(browser, own, "switch_off", reason="floods")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.last_error) == ("FAILED", "endpoint switched off")
    emit(client_row.pk, "gamer.linked", {})
    assert WebhookDelivery.objects.count() == 1, "nothing is written for an endpoint that is off"
    for do in ("test", "replay", "switch_off"):
        said(browser, own, do, delivery=delivery.pk, reason="x")
    delivery.refresh_from_db()
    assert (delivery.state, WebhookDelivery.objects.count()) == ("FAILED", 1)
    assert "The endpoint is switched on." in said(browser, own, "switch_on", reason="calm")
    assert "The endpoint is removed." in said(browser, own, "remove", reason="over")
    assert browser.get(own).status_code == 404
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    verbs = ("add", "rotate", "rotate_and_revoke", "test", "switch_off", "switch_on", "remove")
    assert acts == [f"webhook.{verb}" for verb in verbs]
    assert "key=1" not in str(list(AuditEntry.objects.values()))


def test_pages_and_list_say_why_and_when_an_endpoint_is_off(browser: Browser, client_row: Client) -> None:
    with listening() as listener:
        listener.answers = [410]
        endpoint = add_endpoint(client_id=client_row.pk, url=listener.url, event_types=[])
        send_test(client_id=client_row.pk, endpoint_id=endpoint.pk)
        assert deliver_due() == 1
    own = f"/console/studios/webhooks/{endpoint.pk}/"
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    for path in (own, page_of(client_row, "webhooks/"), "/console/kgen/webhookendpoint/?off=itself"):
        page = browser.get(path).content.decode()
        assert "it answered 410 Gone" in page, path
        assert str(endpoint.disabled_at.year) in page, path
    assert "The endpoint is switched on." in said(browser, own, "switch_on", reason="mended")
    endpoint.refresh_from_db()
    assert (endpoint.disabled_reason, endpoint.disabled_at, endpoint.failing_since) == ("", None, None)
    assert listener.url not in browser.get("/console/kgen/webhookendpoint/?off=itself").content.decode()


def test_a_rotation_form_sent_twice_rotates_the_secret_once(browser: Browser, client_row: Client) -> None:
    endpoint = add_endpoint(client_id=client_row.pk, url="https://x.example/", event_types=[])
    own = f"/console/studios/webhooks/{endpoint.pk}/"
    sent = hidden(browser.get(own).content.decode(), "rotate") | {"reason": "yearly"}
    assert browser.post(own, sent).status_code == 200
    assert "There is a newer secret already" in browser.post(own, sent, follow=True).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.secret_version == 2, "the studio's present secret still signs"
    issued = issue_secret(client_id=client_row.pk)
    sent = hidden(browser.get(page_of(client_row)).content.decode(), "issue") | {"reason": "yearly"}
    assert browser.post(page_of(client_row), sent).status_code == 200
    assert (
        "Another secret was issued meanwhile" in browser.post(page_of(client_row), sent, follow=True).content.decode()
    )
    assert client_of_secret(str(client_row.pk), issued)[0] == client_row, "what the studio uses was not revoked"


def hidden(page: str, do: str) -> dict[str, str]:
    """What the form with a button sends along."""
    form = page.partition(f'name="do" value="{do}"')[2].partition("</form>")[0]
    return {"do": do} | dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_a_delivery_is_found_by_its_event_and_by_client(browser: Browser, client_row: Client) -> None:
    other = factories.ClientFactory()
    for client in (client_row, other):
        add_endpoint(client_id=client.pk, url=f"https://{client.pk}.example/", event_types=[])
        emit(client.pk, "gamer.linked", {})
    mine = WebhookDelivery.objects.get(endpoint__client_id=client_row.pk)
    log = "/console/kgen/webhookdelivery/"
    for query in ({"q": str(mine.event_id)}, {"q": str(mine.pk)}, {"client": str(client_row.pk)}):
        listed = browser.get(log, query).content.decode()
        assert f"/{mine.pk}/change/" in listed, query
        assert f"{other.pk}.example" not in listed, query
    limited = logged_in(operator_in(Role.ADMIN, client_row)).get(log).content.decode()
    assert (str(mine.pk) in limited, f"{other.pk}.example" in limited) == (True, False)


def test_the_delivery_log_shows_the_last_answer_and_replays_deliveries(browser: Browser, client_row: Client) -> None:
    with listening() as listener:
        listener.answers = [500] * 3
        endpoint = add_endpoint(client_id=client_row.pk, url=listener.url, event_types=[])
        for _ in range(3):
            emit(client_row.pk, "gamer.linked", {})
        assert deliver_due() == 3
        own = f"/console/studios/webhooks/{endpoint.pk}/"
        assert browser.get(own).content.decode().count("HTTP 500") == 3
        assert "No delivery to this endpoint has failed" in said(browser, own, "replay_failed", reason="x")
        WebhookDelivery.objects.update(state="FAILED")
        listed = browser.get("/console/kgen/webhookdelivery/", {"endpoint": endpoint.pk, "state__exact": "FAILED"})
        assert listed.content.decode().count('name="_selected_action"') == 3
        first, second, third = WebhookDelivery.objects.order_by("id")
        assert "delivered once more" in said(browser, own, "replay", delivery=first.pk, reason="asked for")
        ticked = {"action": "replay", "_selected_action": [second.pk], "reason": "asked for"}
        browser.post("/console/kgen/webhookdelivery/", ticked)
        assert deliver_due() == 2
        said(browser, own, "replay_failed", reason="all of them")
        assert finished(Job.objects.get()).outcome["refused"] == 0
        assert deliver_due() == 1
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"DELIVERED"}
    replays = AuditEntry.objects.filter(act="webhook.replay").order_by("id")
    assert [(entry.object_id, entry.client_id) for entry in replays] == [
        (str(row.pk), client_row.pk) for row in (first, second, third)
    ]


def test_a_limited_operator_replays_by_a_job_too(client_row: Client) -> None:
    endpoint = add_endpoint(client_id=client_row.pk, url="https://x.example/", event_types=[])
    emit(client_row.pk, "gamer.linked", {})
    WebhookDelivery.objects.update(state="FAILED")
    browser = logged_in(operator_in(Role.ADMIN, client_row))
    said(browser, f"/console/studios/webhooks/{endpoint.pk}/", "replay_failed", reason="all of them")
    assert finished(Job.objects.get()).outcome["refused"] == 0
    assert WebhookDelivery.objects.get().state == "PENDING"


def test_support_sees_deliveries_and_cannot_change_endpoints(as_role: Any, client_row: Client) -> None:
    endpoint = add_endpoint(client_id=client_row.pk, url="https://x.example/", event_types=[])
    own, browser = f"/console/studios/webhooks/{endpoint.pk}/", as_role(Role.SUPPORT)
    page = browser.get(own).content.decode()
    assert "https://x.example/" in page
    assert "Switch off" not in page
    for do in ("test", "rotate", "switch_off", "remove", "replay", "replay_failed"):
        assert browser.post(own, {"do": do, "reason": "x"}).status_code == 403
    assert as_role(Role.FINANCE).get(own).status_code == 403


def test_the_breadcrumb_of_webhooks_names_the_client(browser: Browser, client_row: Client) -> None:
    page = browser.get(page_of(client_row, "webhooks/")).content.decode()
    assert f'<a href="{page_of(client_row)}">{client_row.name}</a>' in page
