"""Settlements and rewards in the console: read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from rewards.models import Reward, Settlement


class ReadOnly(admin.ModelAdmin[Any]):
    """Shows rows and changes none."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Settlement)
class SettlementAdmin(ReadOnly):
    """Settlements with their hashes."""

    list_display = ["tournament", "ranked", "winners", "prizes", "to_house", "to_sponsor", "settled_at"]
    list_select_related = ["tournament"]
    search_fields = ["=tournament__id", "=sha256"]
    ordering = ["-settled_at"]


@admin.register(Reward)
class RewardAdmin(ReadOnly):
    """Rewards and whether they were claimed."""

    list_display = ["id", "tournament", "rank", "amount", "status", "created_at"]
    list_filter = ["status"]
    list_select_related = ["tournament"]
    search_fields = ["=id", "=tournament__id", "=gamer__id"]
    ordering = ["-created_at"]
