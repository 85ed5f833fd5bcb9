"""Saving and deleting templates of tournaments."""

from typing import Any
from uuid import UUID

from esports.models import TournamentTemplate
from esports.selectors.templates import template_of_client, templates_of_client
from esports.services.organising import refuse_field
from esports.services.series import check_template
from kgen.clock import database_now
from kgen.errors import Invalid
from kgen.transactions import transactional

TEMPLATES_PER_CLIENT = 100
NAME_LENGTH = 200


@transactional
def save_template(*, client_id: UUID, name: str, terms: dict[str, Any]) -> TournamentTemplate:
    """Save a tournament without its times under a name; it replaces a template of that name.

    `terms` use the model's names, as a series' template does. The prize table is copied.

    :raises Invalid: no name or a too long one, amounts beyond the bounds, or too many templates.
    :raises PrizeTableInvalid: unknown or malformed. :raises PrizeTableInsolvent: at some field size.
    """
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise refuse_field("name", f"A template has a name of 1 to {NAME_LENGTH} characters.")
    checked, now = check_template(client_id, terms), database_now()
    values = {"terms": checked, "updated_at": now}
    row, is_new = TournamentTemplate.objects.update_or_create(
        client_id=client_id, name=name, defaults=values, create_defaults=values | {"created_at": now}
    )
    if is_new and templates_of_client(client_id).count() > TEMPLATES_PER_CLIENT:
        raise Invalid(f"A client has at most {TEMPLATES_PER_CLIENT} templates.")
    return row


@transactional
def delete_template(*, client_id: UUID, template_id: UUID) -> None:
    """Delete a template; tournaments and series made from it stay.

    :raises RecordNotFound: the client has none of that id.
    """
    template_of_client(client_id, template_id).delete()
