"""What operators do to a gamer: the forms of the gamer's page post here."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from console.gamer.page import GamerPage
from kgen.admin_site.actions import ConsoleAction, operator_id
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.errors import WrongState
from users import services
from users.admin.gamers import UNLINK
from users.models import Gamer
from users.selectors.people import all_gamers, has_live_session

MAY_SUSPEND = "users.suspend_gamer"


@page
class GamerActionsPage(ConsolePage):
    """The address of those forms. It shows nothing."""

    route = "people/gamers/<uuid:pk>/acts/"
    name = "gamer_acts"
    title = "Gamer"
    permission = GamerPage.permission

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the gamer."""
        return HttpResponseRedirect(address(GamerPage.name, **kwargs))

    @does(ConsoleAction("gamer.suspend", MAY_SUSPEND))
    def suspend(self, pk: UUID) -> HttpResponse:
        """Bar the gamer from playing, claiming and withdrawing."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(gamer.suspended_at is None, "This gamer is suspended already.")
            services.suspend_gamer(client=gamer.client, user_id=gamer.user_id, reason=self.reason)

        self.run(self.actions()["suspend"], call, subject=gamer, done="The gamer is suspended.")
        return self._back(pk)

    @does(ConsoleAction("gamer.lift", MAY_SUSPEND))
    def lift(self, pk: UUID) -> HttpResponse:
        """End the suspension."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(gamer.suspended_at is not None, "This gamer is not suspended.")
            services.lift_suspension(client=gamer.client, user_id=gamer.user_id, reason=self.reason)

        self.run(self.actions()["lift"], call, subject=gamer, done="The suspension is lifted.")
        return self._back(pk)

    @does(UNLINK)
    def unlink(self, pk: UUID) -> HttpResponse:
        """Unlink the phone. A new link afterwards starts a hold on withdrawals."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(gamer.kgen_account is not None, "No phone is linked.")
            by = f"operator {self.request.user.get_username()}"
            services.unlink_phone(client=gamer.client, user_id=gamer.user_id, reason=self.reason, by=by)

        self.run(self.actions()["unlink"], call, subject=gamer, done="The phone is unlinked.")
        return self._back(pk)

    @does(ConsoleAction("gamer.lift_lock", "users.lift_lock"))
    def lift_lock(self, pk: UUID) -> HttpResponse:
        """Let the gamer try codes again before the lock ends."""
        gamer, in_all_games = self._gamer(pk), clients_of(self.request.user) is None
        self.run(
            self.actions()["lift_lock"],
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
        """End the live session and its tokens. The studio can open another."""
        gamer = self._gamer(pk)

        def call() -> None:
            _check(has_live_session(gamer), "No session of this gamer is live.")
            services.end_session(client=gamer.client, user_id=gamer.user_id, by="operator")

        done = "No session of this gamer is live now."
        self.run(self.actions()["end_session"], call, subject=gamer, done=done)
        return self._back(pk)

    @does(ConsoleAction("gamer.write_note", "users.write_note", needs_reason=False))
    def note(self, pk: UUID) -> HttpResponse:
        """Keep a note, which never changes."""
        gamer = self._gamer(pk)
        text = self.request.POST.get("text", "")
        self.run(
            self.actions()["note"],
            lambda: services.write_note(gamer_id=gamer.pk, operator_id=operator_id(self.request), text=text),
            subject=gamer,
            done="The note is kept.",
        )
        return self._back(pk)

    def _gamer(self, pk: UUID) -> Gamer:
        return get_object_or_404(scoped(all_gamers(), self.request.user), pk=pk)

    def _back(self, pk: UUID) -> HttpResponse:
        return self.back(address(GamerPage.name, pk=pk))


def _check(fits: bool, words: str) -> None:
    """Refuse an action that would change nothing: the services ignore it, and the trail must not say that it happened.

    :raises WrongState: the gamer is in that state already.
    """
    if not fits:
        raise WrongState(words)
