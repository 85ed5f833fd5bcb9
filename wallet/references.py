"""Ledger references: the unique name of each transaction, which makes it happen once.

Only this module makes references and takes them apart. Stored references never change: the ledger is append-only, so a
new form is a new function here.
"""

from collections.abc import Callable
from uuid import UUID

# The first part of a reference tells what the transaction is about, the second its id.
ADJUSTMENT, WITHDRAWAL = "adjustment", "withdrawal"


def welcome_bonus(gamer_id: UUID | str) -> str:
    """The bonus for a gamer's first session."""
    return f"welcome:{gamer_id}"


def deposit(deposit_id: UUID | str) -> str:
    """A deposit, by the id of its row. The studio's own reference is a column of that row."""
    return f"deposit:{deposit_id}"


def deposit_reversal(deposit_id: UUID | str) -> str:
    """The reversal of a whole deposit."""
    return f"deposit:{deposit_id}:reversal"


def stake(participation_id: UUID | str) -> str:
    """The stake of one participation."""
    return f"join:{participation_id}"


def stake_refund(participation_id: UUID | str) -> str:
    """The same stake on its way back. Leaving and cancelling share it, so that a stake returns once."""
    return f"refund:{participation_id}"


def sponsorship(tournament_id: UUID | str, revision: int) -> str:
    """The change of a tournament's sponsorship that came with this revision of the tournament."""
    return f"sponsorship:{tournament_id}:{revision}"


def sponsorship_return(tournament_id: UUID | str) -> str:
    """The whole sponsorship of a cancelled tournament, on its way back."""
    return f"sponsorship:{tournament_id}:return"


def settlement(tournament_id: UUID | str) -> str:
    """The emptying of a completed tournament's escrow."""
    return f"settlement:{tournament_id}"


def claim(reward_id: UUID | str) -> str:
    """A claimed reward."""
    return f"claim:{reward_id}"


def reward_expiry(reward_id: UUID | str) -> str:
    """A reward that nobody claimed in time."""
    return f"reward:{reward_id}:expiry"


def reward_forfeit(reward_id: UUID | str) -> str:
    """A held reward that an operator gave to the house."""
    return f"forfeit:{reward_id}"


def adjustment(adjustment_id: UUID | str) -> str:
    """An approved adjustment."""
    return f"{ADJUSTMENT}:{adjustment_id}"


def withdrawal_hold(withdrawal_id: UUID | str) -> str:
    """The earned money that a withdrawal sets aside."""
    return f"{WITHDRAWAL}:{withdrawal_id}:hold"


def withdrawal_paid(withdrawal_id: UUID | str) -> str:
    """The held money that a payout takes out."""
    return f"{WITHDRAWAL}:{withdrawal_id}:paid"


def withdrawal_reversal(withdrawal_id: UUID | str) -> str:
    """The held money that a failed withdrawal returns."""
    return f"{WITHDRAWAL}:{withdrawal_id}:reversal"


def withdrawal_return(withdrawal_id: UUID | str) -> str:
    """The paid money that comes back from the rail."""
    return f"{WITHDRAWAL}:{withdrawal_id}:return"


def all_of_withdrawal(withdrawal_id: UUID | str) -> list[str]:
    """Every reference that a withdrawal can book under."""
    made = (withdrawal_hold, withdrawal_paid, withdrawal_reversal, withdrawal_return)
    return [make(withdrawal_id) for make in made]


def all_of_deposit(deposit_id: UUID | str) -> list[str]:
    """Every reference that a deposit can book under."""
    return [deposit(deposit_id), deposit_reversal(deposit_id)]


def in_sql(make: Callable[[str], str], column: str) -> str:
    """The SQL expression of `make(id)`, with the id in `column`: `'claim:' || reward.id`."""
    before, _, after = make("\0").partition("\0")
    return f"'{before}' || {column}" + (f" || '{after}'" if after else "")


def id_in_sql(column: str) -> str:
    """The SQL expression of the id within the reference in `column`, as text."""
    return f"split_part({column}, ':', 2)"


def is_about_in_sql(subject: str, column: str) -> str:
    """The SQL condition that the reference in `column` is about `subject`. Percent signs are doubled for psycopg."""
    return f"{column} LIKE '{subject}:%%'"


def has_specific_part(text: str, *, least: int) -> bool:
    """Whether `text`, the beginning of a reference, says at least `least` characters of what follows the subject."""
    return len(text.partition(":")[2]) >= least
