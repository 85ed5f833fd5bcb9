"""Operators' notes on gamers."""

from uuid import UUID

from kgen.clock import database_now
from kgen.errors import Invalid, RecordNotFound
from kgen.transactions import transactional
from users.models import LONGEST_NOTE, Gamer, GamerNote


@transactional
def write_note(*, gamer_id: UUID, operator_id: int, text: str) -> GamerNote:
    """Add a note to a gamer. Notes never change.

    :raises RecordNotFound: the gamer does not exist.
    :raises Invalid: the text is empty or too long.
    """
    words = text.strip()
    if not 1 <= len(words) <= LONGEST_NOTE or "\x00" in words:
        raise Invalid(f"A note has 1 to {LONGEST_NOTE:,} characters.")
    gamer = Gamer.objects.filter(pk=gamer_id).first()
    if gamer is None:
        raise RecordNotFound()
    return GamerNote.objects.create(
        client_id=gamer.client_id, gamer=gamer, operator_id=operator_id, text=words, written_at=database_now()
    )
