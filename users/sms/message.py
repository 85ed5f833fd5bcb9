"""A text message, and the two ways in which sending fails."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Message:
    """A code for a phone. The id is the same on every attempt."""

    id: UUID
    to: str
    code: str

    @property
    def text(self) -> str:
        """The text that the gamer reads."""
        return f"{self.code} is your KGeN code. It is valid for 5 minutes. Do not share it with anybody."


class NotSent(Exception):
    """The provider has certainly not accepted the message."""


class PerhapsSent(Exception):
    """The provider may have accepted the message: its answer was unclear or missing."""
