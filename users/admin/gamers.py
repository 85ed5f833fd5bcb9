"""Gamers in the console: the list, what support may do to one, and the personal data that is masked elsewhere.

A gamer's page (`gamer_page`) needs all apps and stands in the top one; its forms post here.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from kgen import audit
from kgen.admin_site.actions import ConsoleAction, on_rows
from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.errors import WrongState
from users import services
from users.models import Gamer
from users.selectors.people import all_gamers, gamers_named, has_live_session, links_of

GAMER_PAGE = "gamer_page"
MAY_SEE, MAY_SUSPEND, MAY_UNLINK = "users.view_gamer", "users.suspend_gamer", "users.unlink_phone"


@admin.register(Gamer)
class GamerAdmin(ReadOnlyAdmin):
    """Gamers, newest first; one opens on its own page."""

    nav = Nav("People", "Gamers", "group", 10)
    page = GAMER_PAGE
    list_display = ["user_id", "username", "client", "linked_at", "suspended_at", "created_at"]
    list_filter = [("client", ClientFilter)]
    list_select_related = ["client"]
    search_fields = ["user_id"]
    search_help_text = "user id, gamer id, wallet id or address, exactly; by phone: the search on top of the page"
    actions = ["unlink_phone"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """Exactly, by a gamer's ids."""
        return (queryset.filter(gamers_named(search_term)) if search_term.strip() else queryset), False

    @on_rows(ConsoleAction("gamer.unlink_phone", MAY_UNLINK), "Unlink the phone (with a reason)")
    def unlink_phone(self, request: HttpRequest, row: Gamer, reason: str) -> Any:
        """Part gamers from their phones."""
        return services.unlink_phone(client=row.client, user_id=row.user_id, reason=reason, by=_by(request))


@page
class GamerActsPage(ConsolePage):
    """Where the forms of a gamer's page post to; nothing to see."""

    route = "people/gamers/<uuid:pk>/acts/"
    name = "gamer_acts"
    title = "Gamer"
    permission = MAY_SEE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the gamer."""
        return HttpResponseRedirect(address(GAMER_PAGE, **kwargs))

    @does(ConsoleAction("gamer.suspend", MAY_SUSPEND))
    def suspend(self, pk: UUID) -> HttpResponse:
        """Bar the gamer from playing, claiming and withdrawing."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(gamer.suspended_at is None, "This gamer is suspended already.")
            services.suspend_gamer(client=gamer.client, user_id=gamer.user_id, reason=self.reason)

        self.run(self.acts()["suspend"], call, subject=gamer, done="The gamer is suspended.")
        return self._back(pk)

    @does(ConsoleAction("gamer.lift", MAY_SUSPEND))
    def lift(self, pk: UUID) -> HttpResponse:
        """End the suspension."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(gamer.suspended_at is not None, "This gamer is not suspended.")
            services.lift_suspension(client=gamer.client, user_id=gamer.user_id, reason=self.reason)

        self.run(self.acts()["lift"], call, subject=gamer, done="The suspension is lifted.")
        return self._back(pk)

    @does(ConsoleAction("gamer.unlink_phone", MAY_UNLINK))
    def unlink(self, pk: UUID) -> HttpResponse:
        """Part the gamer from the phone; a link made after it starts a hold on withdrawals."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(gamer.kgen_account is not None, "No phone is linked.")
            by = _by(self.request)
            services.unlink_phone(client=gamer.client, user_id=gamer.user_id, reason=self.reason, by=by)

        self.run(self.acts()["unlink"], call, subject=gamer, done="The phone is unlinked.")
        return self._back(pk)

    @does(ConsoleAction("gamer.lift_lock", "users.lift_lock"))
    def lift_lock(self, pk: UUID) -> HttpResponse:
        """Let codes be tried again before the day is over."""
        gamer, in_all_games = self._gamer(pk), clients_of(self.request.user) is None
        self.run(
            self.acts()["lift_lock"],
            lambda: services.lift_lock(gamer_id=gamer.pk, in_all_games=in_all_games),
            subject=gamer,
            done=(
                "The lock is lifted: codes can be asked for and tried again."
                if in_all_games
                else "The gamer's own lock is lifted. A lock of the number, which counts in all games, stays."
            ),
        )
        return self._back(pk)

    @does(ConsoleAction("gamer.end_session", MAY_SUSPEND))
    def end_session(self, pk: UUID) -> HttpResponse:
        """End the live session with all its tokens; the studio can open another."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(has_live_session(gamer), "No session of this gamer is live.")
            services.end_session(client=gamer.client, user_id=gamer.user_id, by="operator")

        done = "No session of this gamer is live now."
        self.run(self.acts()["end_session"], call, subject=gamer, done=done)
        return self._back(pk)

    @does(ConsoleAction("gamer.write_note", "users.write_note", needs_reason=False))
    def note(self, pk: UUID) -> HttpResponse:
        """Write something down, for good."""
        gamer = self._gamer(pk)
        text = self.request.POST.get("text", "")
        self.run(
            self.acts()["note"],
            lambda: services.write_note(gamer_id=gamer.pk, operator_id=_me(self.request), text=text),
            subject=gamer,
            done="The note is kept.",
        )
        return self._back(pk)

    def _gamer(self, pk: UUID) -> Gamer:
        return get_object_or_404(scoped(all_gamers(), self.request.user), pk=pk)

    def _back(self, pk: UUID) -> HttpResponse:
        return self.back(address(GAMER_PAGE, pk=pk))


@page
class GamerContactPage(ConsolePage):
    """Phones, addresses and the device in full: shown when asked for, which leaves a trace."""

    route = "people/gamers/<uuid:pk>/contact/"
    name = "gamer_contact"
    title = "Personal data"
    permission = "users.see_phone"
    template_name = "console/gamer_contact.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        return {"gamer": get_object_or_404(scoped(all_gamers(), self.request.user), pk=kwargs["pk"])}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        gamer = self.data(**kwargs)["gamer"]
        return [("Gamers", address("users_gamer_changelist")), (gamer.user_id, address(GAMER_PAGE, pk=gamer.pk))]

    @does(ConsoleAction("phone.see", "users.see_phone"))
    def show(self, pk: UUID) -> HttpResponse | None:
        """The trace first: no trace, no sight."""
        shown = self.data(pk=pk)
        if not self.reason:
            return None
        gamer = shown["gamer"]
        audit.record_view(
            operator=_operator(self.request), what="phone", subject=gamer, request=self.request, reason=self.reason
        )
        return self.render(**shown, links=links_of(gamer), full=True)


def _check(fits: bool, words: str) -> None:
    """The services do nothing where nothing is to be done; an act that does nothing leaves no trace of having acted.

    :raises WrongState: it is so already.
    """
    if not fits:
        raise WrongState(words)


def _by(request: HttpRequest) -> str:
    return f"operator {request.user.get_username()}"


def _me(request: HttpRequest) -> int:
    return int(_operator(request).pk)


def _operator(request: HttpRequest) -> Any:
    assert request.user.pk is not None, "the console lets nobody in without a login"
    return request.user
