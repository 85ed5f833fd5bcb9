"""The sidebar: pages and lists say where they stand; who may not open one does not see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

SECTIONS = ("Overview", "Play", "Money", "People", "Studios", "Oversight")


@dataclass(frozen=True)
class Nav:
    """A place in the sidebar: its section, what stands there, a Material symbol, and the order in the section."""

    section: str
    title: str
    icon: str
    order: int = 50
    # How much waits there, in a word; "" for nothing. Asked on every page of those who see it: it must be cheap.
    badge: Callable[[HttpRequest], str] | None = None

    def __post_init__(self) -> None:
        assert self.section in SECTIONS, self.section


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What `UNFOLD["SIDEBAR"]["navigation"]` asks for: only links that this operator may follow."""
    found = sorted(_links(request), key=lambda link: (SECTIONS.index(link[0].section), link[0].order, link[0].title))
    groups: dict[str, list[dict[str, Any]]] = {}
    for nav, link in found:
        item = {"title": nav.title, "icon": nav.icon, "link": link}
        waits = nav.badge(request) if nav.badge else ""
        groups.setdefault(nav.section, []).append(item | ({"badge": waits} if waits else {}))
    return [{"title": section, "separator": False, "items": items} for section, items in groups.items()]


def _links(request: HttpRequest) -> list[tuple[Nav, str]]:
    """Lists of rows, then pages."""
    # Not imported above: the registry of pages is filled by the apps that this module may not know.
    from kgen.admin_site.pages import PAGES

    links = []
    for model, shown in admin.site._registry.items():
        nav = getattr(shown, "nav", None)
        if nav and shown.has_view_permission(request):
            opts = model._meta
            links.append((nav, reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")))
    for page in PAGES:
        if page.nav and page.allows(request):
            links.append((page.nav, reverse(f"admin:{page.name}")))
    return links
