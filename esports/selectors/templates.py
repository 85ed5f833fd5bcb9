"""Finding templates, drafts, and a client's named prize tables."""

from uuid import UUID

from django.db.models import QuerySet

from esports import prizes
from esports.errors import PrizeTableInvalid
from esports.models import PrizeTable, TournamentDraft, TournamentTemplate
from kgen.errors import RecordNotFound


def templates_of_client(client_id: UUID) -> QuerySet[TournamentTemplate]:
    """A client's templates, by name."""
    return TournamentTemplate.objects.filter(client=client_id).order_by("name")


def template_of_client(client_id: UUID, template_id: UUID) -> TournamentTemplate:
    """One of a client's templates.

    :raises RecordNotFound: the client has none of that id.
    """
    found = templates_of_client(client_id).filter(pk=template_id).first()
    if found is None:
        raise RecordNotFound("There is no such template.")
    return found


def open_drafts(operator_id: int) -> QuerySet[TournamentDraft]:
    """An operator's unpublished drafts, newest first."""
    rows = TournamentDraft.objects.filter(operator=operator_id, tournament=None)
    return rows.select_related("client").order_by("-id")


def draft_of(operator_id: int, draft_id: UUID) -> TournamentDraft:
    """One of an operator's drafts, published or not.

    :raises RecordNotFound: the operator has none of that id.
    """
    return check_draft(
        TournamentDraft.objects.select_related("client").filter(operator=operator_id, pk=draft_id).first()
    )


def check_draft(draft: TournamentDraft | None) -> TournamentDraft:
    """The draft that a query found.

    :raises RecordNotFound: it found none.
    """
    if draft is None:
        raise RecordNotFound("There is no such draft, or it was deleted.")
    return draft


def named_tables(client_id: UUID) -> dict[str, prizes.PrizeBands]:
    """A client's prize tables by name, without invalid ones and without one that has the default's name."""
    found = {}
    for row in PrizeTable.objects.filter(client=client_id).exclude(name=prizes.DEFAULT_TABLE.name).order_by("name"):
        try:
            found[row.name] = prizes.parse_table(row.table)
        except PrizeTableInvalid:
            continue
    return found
