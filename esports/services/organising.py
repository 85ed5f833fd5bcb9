"""Making tournaments and changing them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from esports import lifecycle, prizes
from esports.errors import PrizeTableInvalid
from esports.locks import lock_seats, reread_under_lock
from esports.models import MAX_ESCROW, ScoreOperator, ScoreSource, Seats, Tournament
from esports.selectors.tournaments import TournamentAt, find_prize_table, tournament_of_client
from kgen.clock import database_now
from kgen.errors import Invalid, WrongState
from kgen.transactions import transactional
from users.selectors.clients import hold_currency
from wallet import ledger, references

if TYPE_CHECKING:
    from users.models import Client

WIRE_NAMES = {name: lifecycle.wire_name(name) for name in lifecycle.TIMES}
DEFAULT_MIN_PARTICIPANTS = 3
SCORE_BOUNDS_SWAPPED = "score_min must not exceed score_max."
# These fields may change at any time.
ALWAYS = frozenset({"title", "description"})


@transactional
def create_tournament(*, client: "Client", given: dict[str, Any]) -> TournamentAt:
    """Make a tournament, publish it, and move its sponsorship into its escrow.

    `given` holds the fields of the wire under the model's names; a missing one takes its default.

    :raises Invalid: times out of order or too far away, amounts beyond the bounds.
    :raises PrizeTableInvalid: unknown or malformed. :raises PrizeTableInsolvent: at some field size.
    :raises InsufficientBalance: the sponsorship is over the client's limit.
    """
    return make_tournament(client=client, given=given)


def make_tournament(*, client: "Client", given: dict[str, Any]) -> TournamentAt:
    """`create_tournament` within the caller's transaction."""
    now = database_now()
    times = lifecycle.fill_times(given, now)
    lifecycle.check_order(times, now)
    table = find_prize_table(client.pk, given.get("prize_table"))
    terms = TournamentTerms.of(given, table)
    terms.check(given)
    uid, currency = uuid7(), hold_currency(client.pk)
    escrow = ledger.system_account(
        client_id=client.pk, currency=currency, kind=ledger.SystemAccount.ESCROW, owner_id=uid
    )
    tournament = Tournament.objects.create(
        **_plain_fields(given),
        **{name: getattr(times, name) for name in lifecycle.TIMES},
        id=uid,
        client=client,
        currency=currency,
        escrow_id=escrow,
        prize_table=prizes.to_wire(table),
        min_participants=terms.least,
        score_source=source_of(given),
        original_locks_at=times.locks_at,
        original_ends_at=times.ends_at,
        published_at=now,
        created_at=now,
        updated_at=now,
    )
    Seats.objects.create(tournament=tournament, size=terms.size)
    _move_sponsorship(client, tournament, terms.sponsorship)
    return reread_under_lock(tournament.pk)


@dataclass(frozen=True)
class TournamentTerms:
    """The terms that a tournament's money depends on."""

    table: prizes.PrizeBands
    buy_in: int
    size: int
    least: int
    sponsorship: int

    @classmethod
    def of(cls, fields: dict[str, Any], table: prizes.PrizeBands) -> "TournamentTerms":
        """The terms among the fields of a tournament."""
        return cls(
            table,
            fields["buy_in_price"],
            fields["tournament_size"],
            fields.get("min_participants", DEFAULT_MIN_PARTICIPANTS),
            fields.get("sponsored_amount", 0),
        )

    def check(self, given: dict[str, Any]) -> None:
        """Accept only terms that can be paid at any field size; `given` are the fields that the caller chose.

        :raises Invalid: see `create_tournament`. :raises PrizeTableInvalid: :raises PrizeTableInsolvent:
        """
        if self.buy_in * self.size + self.sponsorship > MAX_ESCROW:
            raise refuse_field("buy_in_price", "buy-in × size + sponsorship must not exceed 2⁵².")
        # A default does not contradict the caller's size.
        chosen = "min_participants" in given or self.least != DEFAULT_MIN_PARTICIPANTS
        if chosen and self.least > self.size:
            raise refuse_field("min_participants", "This must not exceed the number of seats.")
        if problem := prizes.pays_nobody(self.table, buy_in=self.buy_in, sponsorship=self.sponsorship):
            raise PrizeTableInvalid(problem)
        prizes.prove_solvent(
            self.table,
            min_participants=self.least,
            size=self.size,
            buy_in=self.buy_in,
            sponsorship=self.sponsorship,
        )


def refuse_field(field: str, detail: str) -> Invalid:
    """The refusal of one field; its errors use the wire's names."""
    return Invalid("A field is missing or wrong.", errors=[{"field": field, "code": "invalid", "detail": detail}])


def check_score_bounds(least: int | None, most: int | None) -> None:
    """Accept bounds of scores with the lower one at most the upper one.

    :raises Invalid: the lower one is above the upper one.
    """
    if least is not None and most is not None and least > most:
        raise refuse_field("score_min", SCORE_BOUNDS_SWAPPED)


# Stored as given; the other fields are computed.
_PLAIN = [
    "title",
    "description",
    "mode",
    "buy_in_price",
    "score_order",
    "score_operator",
    "score_min",
    "score_max",
    "tie_rule",
    "sponsored_amount",
    "settlement_delay_seconds",
]


def _plain_fields(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _PLAIN if name in given}


def source_of(given: dict[str, Any]) -> str:
    """The score source that the fields give or imply: server for a sum, to which a client could add at will."""
    implied = ScoreSource.SERVER if given.get("score_operator") == ScoreOperator.SUM else ScoreSource.ANY
    return str(given.get("score_source", implied))


def _move_sponsorship(client: "Client", tournament: Tournament, change: int) -> None:
    ledger.move_sponsorship(
        client_id=client.pk,
        currency=tournament.currency,
        escrow=tournament.escrow_id,
        change=change,
        limit=client.sponsorship_limit,
        reference=references.sponsorship(tournament.pk, tournament.revision),
    )


@transactional
def change_tournament(*, client: "Client", uid: str, given: dict[str, Any]) -> TournamentAt:
    """Change a tournament as far as its state allows; equal values are no change. All or nothing.

    Before the first join ever, every field may change. After it: title and description; size and sponsorship up; lock
    and end later while they have not passed, by at most the original length; score source to server.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: naming the `fields` that can't change like this any more.
    Raises also as `create_tournament`.
    """
    found = tournament_of_client(client.pk, uid)
    seats = lock_seats(found.tournament.pk)
    current = reread_under_lock(found.tournament.pk)
    tournament = current.tournament
    changes = _changes(tournament, given)
    refused = [] if _is_open(current) and not seats.ever_taken else _refused(current, changes)
    if refused:
        names = sorted(WIRE_NAMES.get(name, name) for name in refused)
        raise WrongState("These fields can't be changed like this any more.", fields=names)
    if changes:
        _check_changes(current, changes)
        _apply(client, current, changes)
    return reread_under_lock(tournament.pk)


def _is_open(current: TournamentAt) -> bool:
    return current.tournament.cancelled_at is None and current.now < current.tournament.ends_at


def _current(tournament: Tournament, name: str) -> Any:
    return tournament.seats.size if name == "tournament_size" else getattr(tournament, name)


def _changes(tournament: Tournament, given: dict[str, Any]) -> dict[str, Any]:
    """The given fields that differ from the stored ones; a prize table in its stored form."""
    wanted = dict(given)
    if "prize_table" in wanted:
        wanted["prize_table"] = prizes.to_wire(find_prize_table(tournament.client_id, wanted["prize_table"]))
    if wanted.get("score_operator") == ScoreOperator.SUM != tournament.score_operator:
        wanted["score_source"] = source_of(wanted)
    return {name: value for name, value in wanted.items() if value != _current(tournament, name)}


def _refused(current: TournamentAt, changes: dict[str, Any]) -> list[str]:
    """The names of the changes that are too late."""
    return [name for name, value in changes.items() if name not in ALWAYS and not _still_allowed(current, name, value)]


def _still_allowed(current: TournamentAt, name: str, value: Any) -> bool:
    tournament = current.tournament
    if not _is_open(current):
        return False
    if name in ("tournament_size", "sponsored_amount"):
        return bool(value > _current(tournament, name))
    if name in ("locks_at", "ends_at"):
        original = tournament.original_timetable
        latest = lifecycle.extension_limit(original, getattr(original, name))
        return lifecycle.may_extend(getattr(tournament, name), value, latest=latest, now=current.now)
    return name == "score_source" and value == ScoreSource.SERVER


def _check_changes(current: TournamentAt, changes: dict[str, Any]) -> None:
    """Accept only changes that leave a tournament that could be created like this."""
    tournament = current.tournament
    after = {name: _current(tournament, name) for name in [*_PLAIN, "tournament_size", "min_participants"]} | changes
    if changes.keys() & set(lifecycle.TIMES):
        times = {name: changes.get(name, getattr(tournament, name)) for name in lifecycle.TIMES}
        lifecycle.check_order(lifecycle.Timetable(**times), current.now)
    check_score_bounds(after["score_min"], after["score_max"])
    if changes.keys() & {
        "buy_in_price",
        "tournament_size",
        "min_participants",
        "sponsored_amount",
        "prize_table",
    }:
        table = prizes.parse_table(changes.get("prize_table", tournament.prize_table))
        TournamentTerms.of(after, table).check(changes)


def _apply(client: "Client", current: TournamentAt, changes: dict[str, Any]) -> None:
    tournament = current.tournament
    values = {name: value for name, value in changes.items() if name != "tournament_size"}
    if not tournament.seats.ever_taken:
        # Extensions are measured from the timetable at the first join.
        values |= {f"original_{name}": values[name] for name in ("locks_at", "ends_at") if name in values}
    tournament.revision += 1
    _move_sponsorship(
        client,
        tournament,
        values.get("sponsored_amount", tournament.sponsored_amount) - tournament.sponsored_amount,
    )
    Tournament.objects.filter(pk=tournament.pk).update(**values, revision=tournament.revision, updated_at=current.now)
    if "tournament_size" in changes:
        Seats.objects.filter(pk=tournament.pk).update(size=changes["tournament_size"])
