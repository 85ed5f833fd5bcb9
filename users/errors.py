"""Refusals about who somebody is or may be."""

from kgen.errors import Forbidden, TooMany


class GamerSuspended(Forbidden):
    """The gamer may read, but not play, claim or withdraw."""

    code = "GAMER_SUSPENDED"
    detail = "This gamer is suspended."


class TooManyNewGamers(TooMany):
    """The client has opened as many new gamers as it may in one day (bonus farming)."""

    detail = "Too many new gamers today."
