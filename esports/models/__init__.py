"""Tournaments, their participations and boards, and the series that make tournaments."""

from esports.models.boards import LeaderboardRow, Rename, StandingChange
from esports.models.entries import EntryDay, EntryMark
from esports.models.participations import Participation, Ruling, ScoreEvent, live
from esports.models.series import WAITING, SeriesOccurrence, TournamentSeries
from esports.models.templates import TournamentDraft, TournamentTemplate
from esports.models.tournaments import (
    MAX_ESCROW,
    MAX_SETTLEMENT_DELAY_SECONDS,
    MAX_SIZE,
    PrizeTable,
    ScoreOperator,
    ScoreOrder,
    ScoreSource,
    Seats,
    TieRule,
    Tournament,
)

__all__ = [
    "MAX_ESCROW",
    "MAX_SETTLEMENT_DELAY_SECONDS",
    "MAX_SIZE",
    "WAITING",
    "EntryDay",
    "EntryMark",
    "LeaderboardRow",
    "Participation",
    "PrizeTable",
    "Rename",
    "Ruling",
    "ScoreEvent",
    "ScoreOperator",
    "ScoreOrder",
    "ScoreSource",
    "Seats",
    "SeriesOccurrence",
    "StandingChange",
    "TieRule",
    "Tournament",
    "TournamentDraft",
    "TournamentSeries",
    "TournamentTemplate",
    "live",
]
