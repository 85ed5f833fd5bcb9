"""`{% heading %}`: what stands at the top of a page."""

from typing import Any

from django import template
from django.contrib import admin
from django.template.loader import render_to_string
from unfold.templatetags.unfold import header_title

from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import address

register = template.Library()


@register.simple_tag(takes_context=True)
def heading(context: Any) -> str:
    """A list and its rows called as the sidebar calls them; every other page as unfold does."""
    opts = context.get("opts")
    nav = getattr(admin.site._registry.get(opts.model), "nav", None) if opts else None
    if not isinstance(nav, Nav):
        return str(header_title(context))
    rows = address(f"{opts.app_label}_{opts.model_name}_changelist")
    parts = [{"title": nav.section}, {"title": nav.title, "link": rows}]
    if original := context.get("original"):
        parts.append({"title": str(original)})
    return render_to_string("unfold/helpers/header_title.html", {"parts": parts}, context["request"])
