"""The sidebar: pages and lists declare their entries. Each operator sees those that the role may open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

SECTIONS = ("Overview", "Play", "Money", "People", "Studios", "Oversight")


@dataclass(frozen=True)
class Nav:
    """An entry of the sidebar: its section, its title, a Material symbol, and the order within the section."""

    section: str
    title: str
    icon: str
    order: int = 50
    # The count of what waits there, as text; "" for none. Every page asks it, so it must be cheap.
    badge: Callable[[HttpRequest], str] | None = None

    def __post_init__(self) -> None:
        assert self.section in SECTIONS, self.section


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The value of `UNFOLD["SIDEBAR"]["navigation"]`: the links that this operator may follow."""
    found = sorted(_links(request), key=lambda link: (SECTIONS.index(link[0].section), link[0].order, link[0].title))
    groups: dict[str, list[dict[str, Any]]] = {}
    for nav, link in found:
        item = {"title": nav.title, "icon": nav.icon, "link": link}
        waits = nav.badge(request) if nav.badge else ""
        groups.setdefault(nav.section, []).append(item | ({"badge": waits} if waits else {}))
    return [{"title": section, "separator": False, "items": items} for section, items in groups.items()]


def _links(request: HttpRequest) -> list[tuple[Nav, str]]:
    """The entries of lists, then those of pages, with their addresses."""
    # `pages` imports this module, so it cannot be imported at the top.
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
