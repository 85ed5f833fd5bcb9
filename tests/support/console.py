"""Addresses of the console's pages, what a page says, and acts in it."""

import re
from typing import Any

from django.test import Client as Browser

from tests.support.refereeing import participation_of


def page_of(uid: str) -> str:
    """The address of a tournament's page."""
    return f"/console/play/tournaments/{uid}/"


def participation_page(uid: str, name: str) -> str:
    """The address of a participation's page."""
    return f"/console/play/participations/{participation_of(uid, name).pk}/"


def text(answer: Any) -> str:
    """A page without its tags, blanks put together."""
    body = answer.content.decode().partition("<main")[2] or answer.content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def messages_after(browser: Browser, path: str, do: str, reason: str = "bot", **more: Any) -> str:
    """The messages that an act leaves."""
    answer = browser.post(path, {"do": do, "reason": reason} | more, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def prize_of(uid: str, name: str) -> str:
    """The address of a gamer's prize."""
    return f"/console/play/participations/{participation_of(uid, name).pk}/prize/"


def markup(answer: Any) -> str:
    """A page with its tags, each run of white space as one blank."""
    return re.sub(r"\s+", " ", answer.content.decode())
