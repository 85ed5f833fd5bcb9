"""Settlements and rewards in the console: read-only."""

from django.contrib import admin

from kgen.console import ReadOnlyAdmin
from rewards.models import Reward, Settlement


@admin.register(Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    """Settlements with their hashes."""

    list_display = ["tournament", "ranked", "winners", "prizes", "to_house", "to_sponsor", "settled_at"]
    list_select_related = ["tournament"]
    search_fields = ["=tournament__id", "=sha256"]
    ordering = ["-settled_at"]


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    """Rewards and whether they were claimed."""

    list_display = ["id", "tournament", "rank", "amount", "status", "created_at"]
    list_filter = ["status"]
    list_select_related = ["tournament"]
    search_fields = ["=id", "=tournament__id", "=gamer__id"]
    ordering = ["-created_at"]
