"""Drafts: tournaments that an operator is typing, until they are published, once."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from esports.models import TournamentDraft
from esports.selectors.templates import check_draft, draft_of, open_drafts
from esports.selectors.tournaments import TournamentAt
from esports.services.organising import make_tournament
from kgen.clock import database_now
from kgen.errors import WrongState
from kgen.transactions import transactional

if TYPE_CHECKING:
    from users.models import Client

KEPT_FOR = timedelta(days=7)
MOST_KEPT = 20

type Typed = dict[str, list[str]]


@transactional
def open_draft(*, operator_id: int, client_id: UUID, fields: Typed) -> TournamentDraft:
    """Open a draft, and delete the operator's drafts that are older than a week or beyond the twenty newest."""
    now = database_now()
    TournamentDraft.objects.filter(operator=operator_id, updated_at__lt=now - KEPT_FOR).delete()
    surplus = open_drafts(operator_id).values_list("pk", flat=True)[MOST_KEPT - 1 :]
    TournamentDraft.objects.filter(pk__in=list(surplus)).delete()
    return TournamentDraft.objects.create(
        operator_id=operator_id, client_id=client_id, fields=fields, created_at=now, updated_at=now
    )


@transactional
def keep_draft(*, operator_id: int, draft_id: UUID, fields: Typed) -> TournamentDraft:
    """Add typed fields to a draft, beside those of other steps.

    :raises RecordNotFound: the operator has none of that id. :raises WrongState: it is published.
    """
    draft = _lock(operator_id, draft_id)
    draft.fields, draft.updated_at = draft.fields | fields, database_now()
    draft.save(update_fields=["fields", "updated_at"])
    return draft


@transactional
def drop_draft(*, operator_id: int, draft_id: UUID) -> None:
    """Delete a draft.

    :raises RecordNotFound: the operator has none of that id. :raises WrongState: it is published.
    """
    _lock(operator_id, draft_id).delete()


@transactional
def publish_draft(*, operator_id: int, draft_id: UUID, client: "Client", given: dict[str, Any]) -> TournamentAt:
    """Make a draft's tournament and publish it: once, however often this is called.

    :raises RecordNotFound: the operator has none of that id.
    :raises WrongState: it is published, or the client is switched off.
    Raises further as `create_tournament`.
    """
    draft = _lock(operator_id, draft_id)
    if not client.active:
        raise WrongState("The client is switched off.")
    made = make_tournament(client=client, given=given)
    draft.tournament, draft.updated_at = made.tournament, made.now
    draft.save(update_fields=["tournament", "updated_at"])
    return made


def _lock(operator_id: int, draft_id: UUID) -> TournamentDraft:
    """The draft under its row's lock, so that two requests do not both publish it."""
    found = draft_of(operator_id, draft_id)
    draft = check_draft(TournamentDraft.objects.select_for_update().filter(pk=found.pk).first())
    if draft.tournament_id is not None:
        raise WrongState("The draft is published already.")
    return draft
