"""The forms of a tournament or a series. Each returns its part of the service's arguments."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.datastructures import MultiValueDict

from esports import lifecycle, prizes
from esports.admin.clocks import is_skipped, lasting
from esports.admin.fields import HEADINGS, INPUT, Length, Row, WallClock, rows_of, table_of
from esports.forecast import Offer
from esports.lifecycle import Timetable
from esports.models import MAX_SETTLEMENT_DELAY_SECONDS, MAX_SIZE
from esports.selectors.templates import named_tables
from esports.selectors.tournaments import find_prize_table
from esports.serializers.series import MAX_AFTER_SECONDS, MAX_BEFORE_SECONDS
from esports.serializers.tournaments_in import TermsPatch
from esports.series import resolve, time_zones
from esports.services.organising import DEFAULT_MIN_PARTICIPANTS, TournamentTerms, source_of
from kgen.api.fields import MAX_INTEGER, faults
from kgen.errors import DomainError

DEFAULT, NAMED, OWN = "default", "named:", "own"
LONGEST = 5_000
REPEATED = ("band_reach", "band_pays")
BLANK_ROWS = 3


def number(label: str, least: int, most: int, **kwargs: Any) -> forms.IntegerField:
    """A field for a whole number from `least` to `most`."""
    widget = forms.NumberInput(attrs=INPUT)
    return forms.IntegerField(label=label, min_value=least, max_value=most, widget=widget, **kwargs)


def choice(label: str, choices: Any, **kwargs: Any) -> forms.ChoiceField:
    """A field for one of `choices`."""
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select(attrs=INPUT), **kwargs)


def typed_into(form: type[forms.Form], sent: Mapping[str, Any]) -> dict[str, list[str]]:
    """The texts sent for a form's fields, as drafts keep them, cut to LONGEST characters each."""
    names = [*form.base_fields, *(REPEATED if issubclass(form, PrizesForm) else ())]
    every = sent if isinstance(sent, MultiValueDict) else MultiValueDict(dict(sent))
    return {
        name: [text.replace("\0", "")[:LONGEST] for text in every.getlist(name)[: prizes.MAX_BANDS]] for name in names
    }


class PartForm(forms.Form):
    """One part of a tournament. `given` returns it by the names of the model's fields."""

    def given(self) -> dict[str, Any]:
        """The validated values; the form must be valid."""
        return dict(self.cleaned_data)

    def refuse(self, found: Iterable[dict[str, str]], own: str | None = None) -> None:
        """Show the faults of services and serializers, each at its field."""
        for fault in found:
            name = field_of(fault)
            self.add_error(name if name in self.fields else own, self._relabelled(fault["detail"]))

    def keep_within(self, longest: Mapping[str, int]) -> None:
        """Refuse lengths above their maximum in seconds."""
        for name, most in longest.items():
            if (self.cleaned_data.get(name) or 0) > most:
                self.add_error(name, f"At most {lasting(most)}.")

    def _relabelled(self, detail: str) -> str:
        """A refusal's text with the form's labels instead of the wire's field names."""
        for name, field in self.fields.items():
            wire = f"{name}(_timestamp|_seconds)?" if "_" in name else f"{name}(_timestamp|_seconds)"
            detail = re.sub(rf"\b{wire}\b", f"“{str(field.label).lower()}”", detail)
        return detail


def field_of(fault: Mapping[str, str]) -> str:
    """The form's name for the field of a fault on the wire."""
    return fault["field"].removesuffix("_timestamp").removesuffix("_seconds")


class WhatForm(PartForm):
    """A tournament's terms: title, mode, buy-in, seats, scores."""

    title = forms.CharField(
        label="Title",
        max_length=200,
        widget=forms.TextInput(attrs=INPUT),
        help_text="{date} becomes the day on which play starts.",
    )
    description = forms.CharField(
        label="Description", max_length=4000, required=False, widget=forms.Textarea(attrs=INPUT | {"rows": 3})
    )
    mode = forms.CharField(label="Mode", max_length=200, initial="Quick", widget=forms.TextInput(attrs=INPUT))
    buy_in_price = number("Buy-in", 0, MAX_INTEGER, help_text="Whole units; 0: free.")
    tournament_size = number("Seats", 1, MAX_SIZE)
    min_participants = number(
        "Fewest gamers",
        1,
        MAX_SIZE,
        initial=DEFAULT_MIN_PARTICIPANTS,
        help_text="With fewer the tournament is cancelled at its end and all stakes are refunded.",
    )
    score_order = choice("Better is", [("desc", "the higher score"), ("asc", "the lower score")])
    score_operator = choice(
        "A further score", [("latest", "replaces the one before"), ("best", "counts if better"), ("sum", "is added")]
    )
    score_source = choice(
        "Scores come from",
        [
            ("", "gamers and the server; sums from the server"),
            ("any", "gamers and the server"),
            ("server", "the server"),
        ],
        required=False,
    )
    score_min = number("Lowest score", -MAX_INTEGER, MAX_INTEGER, required=False, help_text="Empty: no bound.")
    score_max = number("Highest score", -MAX_INTEGER, MAX_INTEGER, required=False, help_text="Empty: no bound.")

    def given(self) -> dict[str, Any]:
        """The terms, with the default score source filled in."""
        kept = {name: value for name, value in self.cleaned_data.items() if name != "score_source" or value}
        return kept | {"score_source": source_of(kept)}

    def clean(self) -> dict[str, Any]:
        """Apply the API's validation, with its texts."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            serializer = TermsPatch(data=self.given())
            if not serializer.is_valid():
                self.refuse(faults(serializer.errors))
        least, size = cleaned.get("min_participants"), cleaned.get("tournament_size")
        if least is not None and size is not None and least > size:
            self.add_error("min_participants", "There are fewer seats than this.")
        return cleaned


def zones() -> list[tuple[str, str]]:
    """The choices of time zones."""
    return [(name, name.replace("_", " ")) for name in sorted(time_zones())]


class ZoneForm(PartForm):
    """Local times in a time zone."""

    time_zone = forms.ChoiceField(
        label="Time zone", choices=zones, widget=forms.Select(attrs=INPUT | {"data-zone": ""})
    )

    def moments(self, *names: str) -> dict[str, datetime]:
        """The filled-in times in UTC. A time that clocks in the zone skip gets an error."""
        zone, found = self.cleaned_data.get("time_zone"), {}
        for name in names:
            wall = self.cleaned_data.get(name)
            if not zone or wall is None:
                continue
            if is_skipped(wall, zone):
                self.add_error(name, f"Clocks in {zone} are put forward over this time: it does not exist on that day.")
            else:
                found[name] = resolve(wall, ZoneInfo(zone))
        return found


class WhenForm(ZoneForm):
    """A tournament's timetable."""

    schedules_at = WallClock(label="Entries open", required=False, help_text="Empty: at once.")
    moves_to_lobby_at = WallClock(label="Lobby opens", required=False, help_text="Empty: with the start.")
    starts_at = WallClock(label="Play starts", required=False, help_text="Empty: with the lobby, or the entries.")
    locks_at = WallClock(label="Entries close", required=False, help_text="Empty: with the end.")
    ends_at = WallClock(label="Ends")
    settlement_delay = Length(
        label="Review before prizes are paid", required=False, help_text="As 30 min or 1 d; empty: none."
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.times: Timetable | None = None

    def given(self) -> dict[str, Any]:
        """Only the filled-in times, so that an empty one defaults to the moment of publishing."""
        return self.chosen | {"settlement_delay_seconds": self.cleaned_data["settlement_delay"]}

    def clean(self) -> dict[str, Any]:
        """Check that the times are in order and the end is in the future."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.chosen = self.moments(*lifecycle.TIMES)
        if not self.errors:
            times = lifecycle.fill_times(self.chosen, self.now)
            try:
                lifecycle.check_order(times, self.now)
                self.times = times
            except DomainError as refusal:
                # Empty times are derived from filled-in ones; faults at filled-in times show what to change.
                faults = refusal.extra["errors"]
                self.refuse([fault for fault in faults if field_of(fault) in self.chosen] or faults)
        self.keep_within({"settlement_delay": MAX_SETTLEMENT_DELAY_SECONDS})
        return cleaned


class PrizesForm(PartForm):
    """A tournament's prizes. `terms` are the values of the form before it, None if that is invalid."""

    table = forms.ChoiceField(label="Prize table", widget=forms.Select(attrs=INPUT | {"data-table": ""}))
    kind = choice(
        "Kind of bands",
        [
            ("multiples", "multiples of the buy-in"),
            ("fixed", "fixed amounts"),
            ("shares", "shares of the pool"),
        ],
        required=False,
    )
    tie_rule = choice("Equal scores", [("first_to_reach", "first to reach it wins"), ("split", "share their prizes")])
    sponsored_amount = number(
        "Sponsorship", 0, MAX_INTEGER, required=False, help_text="From the client's sponsor account; 0: none."
    )
    # These two affect only the forecast.
    sample_field = number("Sample field", 1, MAX_SIZE, required=False, help_text="Empty: all seats.")
    scoring_percent = number(
        "Gamers who post a score, in %",
        1,
        100,
        required=False,
        help_text="Empty: as many as in the client's last settled tournaments.",
    )

    def __init__(self, *args: Any, client_id: UUID, terms: dict[str, Any] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client_id, self.terms = client_id, terms
        named = [(NAMED + name, name) for name in named_tables(client_id)]
        options = [(DEFAULT, "the default: 40 % win 1 to 6 times the buy-in"), *named, (OWN, "own bands")]
        self.fields["table"].choices = options  # type: ignore[attr-defined]
        self.found: prizes.PrizeBands | None = None
        self.breaks_at: int | None = None

    def rows(self) -> list[Row]:
        """The bands, followed by empty rows for more."""
        return [*self._typed_rows(), *[("", "")] * (BLANK_ROWS if not self.is_bound else 1)]

    def _typed_rows(self) -> list[Row]:
        if not self.is_bound:
            kept: list[Row] = self.initial.get("rows", rows_of(prizes.DEFAULT_TABLE))
            return kept
        assert isinstance(self.data, MultiValueDict), "bands are typed into repeated fields"
        reach, pays = (self.data.getlist(name)[: prizes.MAX_BANDS] for name in REPEATED)
        return [row for row in zip(reach, pays, strict=False) if any(text.strip() for text in row)]

    def headings(self) -> tuple[str, str]:
        """The headings of the columns of a band's row."""
        return HEADINGS.get(str(self["kind"].value()), HEADINGS["multiples"])

    def clean(self) -> dict[str, Any]:
        """Check that the table is valid and, at every field size, pays no more than comes in."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "table" in cleaned and self.terms is not None:
            try:
                self.found = self._find(cleaned)
                self._check(cleaned)
            except forms.ValidationError as fault:
                self.add_error("table", fault)
            except DomainError as refusal:
                self.breaks_at = refusal.extra.get("field_size")
                where = "sponsored_amount" if "errors" in refusal.extra else "table"
                details = [fault["detail"] for fault in refusal.extra.get("errors", [])]
                self.add_error(where, details or refusal.detail)
        return cleaned

    def _find(self, cleaned: dict[str, Any]) -> prizes.PrizeBands:
        return find_prize_table(self.client_id, self._wire(cleaned))

    def _wire(self, cleaned: dict[str, Any]) -> Any:
        chosen: str = cleaned["table"]
        if chosen == OWN:
            return table_of(cleaned.get("kind") or "multiples", self._typed_rows())
        return chosen.removeprefix(NAMED)

    def _check(self, cleaned: dict[str, Any]) -> None:
        assert self.found is not None
        assert self.terms is not None
        TournamentTerms.of(self.terms | {"sponsored_amount": cleaned.get("sponsored_amount") or 0}, self.found).check(
            self.terms
        )

    def given(self) -> dict[str, Any]:
        """The validated values; the form must be valid."""
        return {
            "prize_table": self._wire(self.cleaned_data),
            "tie_rule": self.cleaned_data["tie_rule"],
            "sponsored_amount": self.cleaned_data["sponsored_amount"] or 0,
        }

    def offer(self) -> Offer | None:
        """The terms of the forecast, also for an insolvent table; None without a valid table or terms."""
        if self.found is None or self.terms is None:
            return None
        sponsorship = self.cleaned_data.get("sponsored_amount") or 0
        terms = self.terms
        return Offer(
            self.found,
            buy_in=terms["buy_in_price"],
            size=terms["tournament_size"],
            least=terms["min_participants"],
            sponsorship=sponsorship,
        )


LONGEST_LENGTHS = {
    "schedules_before": MAX_BEFORE_SECONDS,
    "lobby_before": MAX_BEFORE_SECONDS,
    "locks_after": MAX_AFTER_SECONDS,
    "ends_after": MAX_AFTER_SECONDS,
    "settlement_delay": MAX_SETTLEMENT_DELAY_SECONDS,
}


class SeriesForm(ZoneForm):
    """The rule of a series and the times of its occurrences."""

    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput(attrs=INPUT))
    rule = forms.CharField(
        label="Rule",
        max_length=100,
        widget=forms.TextInput(attrs=INPUT | {"list": "rules", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Minute, hour, day of month, month, day of week, as cron reads them: 0 18 * * * is 18:00 daily.",
    )
    first_date = forms.DateField(
        label="First day", required=False, widget=forms.DateInput(attrs=INPUT | {"type": "date"}, format="%Y-%m-%d")
    )
    last_date = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs=INPUT | {"type": "date"}, format="%Y-%m-%d")
    )
    schedules_before = Length(label="Entries open before the start", required=False, help_text="As 1 h or 2 d.")
    lobby_before = Length(label="Lobby opens before the start", required=False)
    locks_after = Length(label="Entries close after the start", required=False, help_text="Empty: with the end.")
    ends_after = Length(label="Ends after the start", help_text="As 2 h.")
    settlement_delay = Length(label="Review before prizes are paid", required=False, help_text="Empty: none.")

    def clean(self) -> dict[str, Any]:
        """Check that lengths are within the API's bounds."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.keep_within(LONGEST_LENGTHS)
        return cleaned

    def given(self) -> dict[str, Any]:
        """The validated values; the form must be valid."""
        lengths = ("schedules_before", "lobby_before", "locks_after", "ends_after", "settlement_delay")
        plain = {name: value for name, value in self.cleaned_data.items() if name not in lengths}
        seconds = {f"{name}_seconds": self.cleaned_data[name] for name in lengths}
        if not self.data.get("locks_after", "").strip():
            seconds["locks_after_seconds"] = seconds["ends_after_seconds"]
        return plain | seconds
