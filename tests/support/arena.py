"""A game in play, and who may call in it."""

from dataclasses import dataclass
from typing import Any

from tests.support.calls import Call
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller


@dataclass
class Arena:
    """A game in play: player-1 has joined a tournament, player-2 has not, a deposit is known, and there is a series."""

    studio: StudioCaller
    gamer: GamerCaller
    uid: str
    spare_uid: str
    series_uid: str

    def path(self, template: str) -> str:
        """The path with this game's ids."""
        names = {"{uid}": self.uid, "{spare_uid}": self.spare_uid, "{series_uid}": self.series_uid}
        for name, value in names.items():
            template = template.replace(name, value)
        return template

    def caller(self, audience: str) -> Caller:
        """Who may make such calls."""
        return {"studio": self.studio, "gamer": self.gamer}.get(audience, Caller())

    def send(self, call: Call, raw: bytes, **kwargs: Any) -> Answer:
        """Make a call with these bytes as its body."""
        filled = raw.replace(b"{uid}", self.uid.encode())
        return self.caller(call.audience).call(call.method, self.path(call.path), raw=filled, **kwargs)
