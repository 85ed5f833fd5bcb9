"""Every screen of the console, from the registry, and an address of each, found by following links as people do."""

import html
import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.contrib import admin
from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import APIRequestContext

from kgen.admin_site.pages import PAGES, ConsolePage
from tests.support.stack import Stack

# Rows that show a screen best, or lead to others; else whatever a link leads to first.
BEST = {
    "client_page": "SELECT id FROM users_client WHERE name = 'Monsoon Rally'",
    "prize_page": "SELECT participation_id FROM rewards_reward WHERE status = 'UNCLAIMED' LIMIT 1",
    "tournament_page": "SELECT id FROM esports_tournament WHERE title = 'City Championship' LIMIT 1",
    "wallet_withdrawal_change": "SELECT id FROM wallet_withdrawal WHERE state = 'NEEDS_REVIEW' LIMIT 1",
}
_LINK = re.compile(r'href="(/console/[^"]*)"')


def screen_names() -> list[str]:
    """The names of all views that are screens: pages, lists, rows, and forms of new rows."""
    names = [page.name for page in PAGES if is_whole(page)]
    for model, shown in admin.site._registry.items():
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        names += [f"{label}_changelist", f"{label}_change"]
        if hasattr(shown, "edit_permission"):
            names.append(f"{label}_add")
    return sorted(names)


def is_whole(page: type[ConsolePage]) -> bool:
    """Whether it is a page of its own: not an act, a file, or a part that another page loads."""
    template = getattr(page, "template_name", None)
    return template is not None and "{% extends" in (settings.BASE_DIR / "templates" / template).read_text()


class Screens:
    """Addresses by the name of the view."""

    def __init__(self, http: APIRequestContext, stack: Stack) -> None:
        self.http, self.base = http, stack.facts["base_url"]
        self.addresses: dict[str, str] = {}
        self._known(stack)
        self._follow()

    def _known(self, stack: Stack) -> None:
        """The best rows; and of each list any row, for where pages of our own stand in for Django's."""
        wanted = {name: sql for name, sql in BEST.items() if name in screen_names()}
        for model in admin.site._registry:
            label = f"{model._meta.app_label}_{model._meta.model_name}_change"
            wanted.setdefault(label, f"SELECT {model._meta.pk.column} FROM {model._meta.db_table} LIMIT 1")
        for name, sql in wanted.items():
            key = "object_id" if name.endswith("_change") else "pk"
            found = stack.rows(sql)
            if found:
                self.addresses[name] = reverse(f"admin:{name}", kwargs={key: found[0][0]})

    def _follow(self) -> None:
        """Open one address of each view and follow what it links to."""
        waiting = deque([reverse("admin:index"), *self.addresses.values()])
        while waiting:
            address = waiting.popleft()
            for name, link in self._links(address):
                if name not in self.addresses:
                    self.addresses[name] = link
                    waiting.append(link)

    def _links(self, address: str) -> Iterator[tuple[str, str]]:
        answer = self.http.get(self.base + address)
        is_text = "html" in answer.headers.get("content-type", "")
        for found in _LINK.findall(answer.text() if is_text else ""):
            link = urljoin(address, html.unescape(found)).partition("#")[0]
            try:
                match = resolve(urlsplit(link).path)
            except Resolver404:
                continue
            if match.url_name in screen_names():
                yield match.url_name, link
