"""Drafts: what an operator has typed of a tournament, until it is published, once."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from esports.models import TournamentDraft
from esports.selectors.templates import draft_of, open_drafts
from esports.selectors.tournaments import TournamentAt
from esports.services.organising import make_tournament
from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import transactional

if TYPE_CHECKING:
    from users.models import Client

KEPT_FOR = timedelta(days=7)
MOST_KEPT = 20

type Typed = dict[str, list[str]]


@transactional
def open_draft(*, operator_id: int, client_id: UUID, fields: Typed) -> TournamentDraft:
    """Begin a draft, and forget what the operator has left lying: older than a week, or beyond the twenty newest."""
    now = database_now()
    TournamentDraft.objects.filter(operator=operator_id, updated_at__lt=now - KEPT_FOR).delete()
    surplus = open_drafts(operator_id).values_list("pk", flat=True)[MOST_KEPT - 1 :]
    TournamentDraft.objects.filter(pk__in=list(surplus)).delete()
    return TournamentDraft.objects.create(
        operator_id=operator_id, client_id=client_id, fields=fields, created_at=now, updated_at=now
    )


@transactional
def keep_draft(*, operator_id: int, draft_id: UUID, fields: Typed) -> TournamentDraft:
    """Put what was typed into a draft, beside what other steps have put there.

    :raises RecordNotFound: the operator has none of that id. :raises WrongState: it is published.
    """
    draft = _hold(operator_id, draft_id)
    draft.fields, draft.updated_at = draft.fields | fields, database_now()
    draft.save(update_fields=["fields", "updated_at"])
    return draft


@transactional
def drop_draft(*, operator_id: int, draft_id: UUID) -> None:
    """Throw a draft away.

    :raises RecordNotFound: the operator has none of that id. :raises WrongState: it is published.
    """
    _hold(operator_id, draft_id).delete()


@transactional
def publish_draft(*, operator_id: int, draft_id: UUID, client: "Client", given: dict[str, Any]) -> TournamentAt:
    """Make a draft's tournament and publish it: once, however often it is asked for.

    :raises RecordNotFound: the operator has none of that id.
    :raises WrongState: it is published, or the client is switched off.
    Raises further as `create_tournament`.
    """
    draft = _hold(operator_id, draft_id)
    if not client.active:
        raise WrongState("The client is switched off.")
    made = make_tournament(client=client, given=given)
    draft.tournament, draft.updated_at = made.tournament, made.now
    draft.save(update_fields=["tournament", "updated_at"])
    return made


def _hold(operator_id: int, draft_id: UUID) -> TournamentDraft:
    """The draft, with its row held, so that two requests do not publish it both."""
    found = draft_of(operator_id, draft_id)
    draft = TournamentDraft.objects.select_for_update().filter(pk=found.pk).first()
    if draft is None:
        raise RecordNotFound("There is no such draft, or it was thrown away.")
    if draft.tournament_id is not None:
        raise WrongState("It is published already.")
    return draft
