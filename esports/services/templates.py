"""Templates of tournaments."""

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
    """Keep a tournament without its times under a name; what had that name is replaced.

    `terms` are under the model's names, as a series' template. The prize table is copied.

    :raises Invalid: no name or too long a one, amounts beyond the bounds, or too many templates.
    :raises PrizeTableInvalid: unknown or malformed. :raises PrizeTableInsolvent: at some field size.
    """
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise refuse_field("name", f"A template has a name of 1 to {NAME_LENGTH} characters.")
    kept, now = check_template(client_id, terms), database_now()
    found = {"terms": kept, "updated_at": now}
    row, is_new = TournamentTemplate.objects.update_or_create(
        client_id=client_id, name=name, defaults=found, create_defaults=found | {"created_at": now}
    )
    if is_new and templates_of_client(client_id).count() > TEMPLATES_PER_CLIENT:
        raise Invalid(f"A client has at most {TEMPLATES_PER_CLIENT} templates.")
    return row


@transactional
def delete_template(*, client_id: UUID, template_id: UUID) -> None:
    """Remove a template; what was made from it stays.

    :raises RecordNotFound: the client has none of that id.
    """
    template_of_client(client_id, template_id).delete()
