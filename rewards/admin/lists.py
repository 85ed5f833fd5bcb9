"""The lists of settlements and rewards, with actions that hold, release and forfeit many rewards at once."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html

from kgen.admin_site.actions import on_rows, operator_id
from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin
from kgen.admin_site.links import ROW_LINKS, RowLink
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import address
from kgen.api.fields import id_of
from rewards.admin.prize import FORFEIT, HOLD, RELEASE
from rewards.models import Reward, Settlement
from rewards.services import holding


@admin.register(Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    """Settlements with their sums; a row opens the tournament's settlement."""

    nav = Nav("Play", "Settlements", "gavel", 40)
    page = "tournament_settlement"
    list_display = ["tournament", "ranked", "winners", "prizes", "to_house", "to_sponsor", "settled"]
    list_filter = [("client", ClientFilter)]
    list_select_related = ["tournament"]
    search_fields = ["sha256"]
    search_help_text = "id of the tournament, or the whole hash"
    list_before_template = "console/zone_note.html"

    class Media:
        js = ["console/moments.js"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search by tournament if the term is an id, otherwise by the whole hash."""
        term = search_term.strip()
        if not term:
            return queryset, False
        id = id_of(term)
        return queryset.filter(pk=id) if id else queryset.filter(sha256=term.lower()), False

    @admin.display(description="settled")
    def settled(self, row: Settlement) -> str:
        """The time of the settlement."""
        return moment(row.settled_at)


ROW_LINKS["rewards.reward"] = RowLink("prize_page", "rewards.view_reward", by="participation_id")


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    """Rewards with their status; holding, releasing and forfeiting the ticked ones."""

    nav = Nav("Money", "Rewards", "redeem", 40)
    timed = "created_at"
    list_display = ["id", "tournament", "rank", "amount", "currency", "status", "won", "prize"]
    list_filter = ["status", ("client", ClientFilter)]
    linked = ("currency",)
    list_select_related = ["tournament"]
    search_fields = ["id"]
    search_help_text = "id of the reward, its tournament or its gamer"
    list_before_template = "console/zone_note.html"
    actions = ["hold", "release", "forfeit"]

    class Media:
        js = ["console/moments.js"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search by ids, each of which has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        id = id_of(term)
        if id is None:
            return queryset.none(), False
        return queryset.filter(Q(pk=id) | Q(tournament=id) | Q(gamer=id)), False

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Redirect to the page of the prize, whose address has the participation's id."""
        row = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if row is not None and request.method == "GET":
            return HttpResponseRedirect(address("prize_page", pk=row.participation_id))
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description="won")
    def won(self, row: Reward) -> str:
        """The time at which the reward was won."""
        return moment(row.created_at)

    @admin.display(description="prize")
    def prize(self, row: Reward) -> str:
        """A link to the page of the prize."""
        return format_html('<a href="{}">review</a>', address("prize_page", pk=row.participation_id))

    @on_rows(HOLD, "Hold for review")
    def hold(self, request: HttpRequest, row: Reward, reason: str) -> object:
        """Hold a reward."""
        return holding.hold_reward(reward_id=row.pk, operator_id=operator_id(request), reason=reason)

    @on_rows(RELEASE, "Release")
    def release(self, request: HttpRequest, row: Reward, reason: str) -> object:
        """Release a reward: the gamer can claim it again."""
        return holding.release_reward(reward_id=row.pk, operator_id=operator_id(request), reason=reason)

    @on_rows(FORFEIT, "Forfeit to the house")
    def forfeit(self, request: HttpRequest, row: Reward, reason: str) -> object:
        """Forfeit a reward to the house."""
        return holding.forfeit_reward(reward_id=row.pk, operator_id=operator_id(request), reason=reason)
