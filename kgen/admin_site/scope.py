"""The limit of an operator to some clients. Every page keeps other clients' rows from a limited operator."""

from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet


def clients_of(operator: Any) -> frozenset[UUID] | None:
    """The clients that an operator is limited to; None: all. Read once for each request."""
    known: tuple[frozenset[UUID] | None] | None = getattr(operator, "_clients_of", None)
    if known is None:
        known = (frozenset(operator.clients.values_list("pk", flat=True)) or None,)
        operator._clients_of = known
    return known[0]


def scoped[M: Model](rows: QuerySet[M], operator: Any, path: str | None = "client_id") -> QuerySet[M]:
    """The rows of the operator's clients. `path` leads from a row to its client's id.

    `path` None means rows of no client, which only operators without a limit see.
    """
    clients = clients_of(operator)
    if clients is None:
        return rows
    return rows.filter(**{f"{path}__in": clients}) if path else rows.none()


def may_touch(operator: Any, client_id: UUID | None) -> bool:
    """Whether a row of this client (None: of no client) is within the operator's limit."""
    clients = clients_of(operator)
    return clients is None or client_id in clients
