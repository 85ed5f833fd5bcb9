"""The refusals of play, one class each; codes and statuses are the wire contract's."""

from kgen.errors import Conflict, Forbidden, Invalid, NotFound


class TournamentNotFound(NotFound):
    """No such tournament for this caller: unknown, another client's, or still a draft to a gamer."""

    code = "TOURNAMENT_NOT_FOUND"
    detail = "No such tournament."


class ParticipationNotFound(NotFound):
    """The gamer has no live participation in this tournament: never joined, or left."""

    code = "TOURNAMENT_PARTICIPATION_NOT_FOUND"
    detail = "The gamer does not take part in this tournament."


class TournamentIsNotLive(Invalid):
    """The call is outside its window; a cancelled tournament is outside every window."""

    code = "TOURNAMENT_IS_NOT_LIVE"
    detail = "The tournament is not open for this at the moment."


class InvalidJoiningStake(Invalid):
    """The offered stake is not the tournament's buy-in."""

    code = "TOURNAMENT_INVALID_JOINING_STAKE"
    detail = "The joining stake must equal the tournament's buy-in."


class ExistingParticipationFound(Conflict):
    """The gamer has joined already; nothing was charged a second time."""

    code = "EXISTING_PARTICIPATION_FOUND"
    detail = "The gamer has joined this tournament already."


class TournamentIsFull(Conflict):
    """Every seat is taken."""

    code = "TOURNAMENT_IS_FULL"
    detail = "Every seat of the tournament is taken."


class ScoreSourceNotAllowed(Forbidden):
    """The tournament takes scores from the studio's server only."""

    code = "SCORE_SOURCE_NOT_ALLOWED"
    detail = "This tournament takes scores from the game's server only."


class ScoreOutOfRange(Invalid):
    """The value, or the sum it would make, is outside the tournament's range."""

    code = "SCORE_OUT_OF_RANGE"
    detail = "The score is outside the tournament's range."


class PrizeTableInvalid(Invalid):
    """The prize table is malformed; the detail names the fault."""

    code = "PRIZE_TABLE_INVALID"
    detail = "The prize table is not valid."


class PrizeTableInsolvent(Invalid):
    """A field would win more than it brings in. Carries `field_size`, the smallest such field."""

    code = "PRIZE_TABLE_INSOLVENT"
    detail = "At this field size the prizes exceed the stakes and the sponsorship."
