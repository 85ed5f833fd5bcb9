"""A job's operator, with the rights it has now, not those it had when it asked for the job."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Model

from kgen import audit
from kgen.admin_site.scope import clients_of
from kgen.errors import Forbidden
from kgen.jobs import registry
from kgen.jobs.models import Job
from kgen.jobs.tables import SEE_PERSONAL

MAY_EXPORT = "kgen.export"


def permissions_of(kind: str, parameters: dict[str, Any]) -> list[str]:
    """The permissions that a job of this kind needs.

    :raises RecordNotFound: there is no kind with this name.
    """
    if not registry.is_export(kind):
        return [registry.act_kind(kind).permission]
    full = [SEE_PERSONAL] if parameters["full"] else []
    return [MAY_EXPORT, registry.table_of(kind).permission, *full]


def allowed(operator_id: int, kind: str, parameters: dict[str, Any]) -> Any:
    """Read the operator again and check that it may run a job of this kind.

    :raises RecordNotFound: there is no kind with this name.
    :raises Forbidden: the operator does not exist, is switched off, or lacks a permission.
    """
    operator: Any = get_user_model()._default_manager.filter(pk=operator_id).first()
    if operator is None or not operator.is_active or not operator.is_staff:
        raise Forbidden("The operator is no longer active.")
    missing = [name for name in permissions_of(kind, parameters) if not operator.has_perm(name)]
    if missing:
        raise Forbidden(f"The operator does not hold the permission {missing[0]}.")
    return operator


def narrowed(operator: Any, wanted: Iterable[UUID] | None) -> list[UUID] | None:
    """The wanted clients (None: all) within the operator's limit. None means all clients."""
    limit = clients_of(operator)
    if wanted is None:
        return None if limit is None else sorted(limit)
    return [client for client in wanted if limit is None or client in limit]


def clients_of_job(job: Job, operator: Any) -> list[UUID] | None:
    """The clients that a job may touch, by the operator's present limit; None: all."""
    return narrowed(operator, None if job.client_ids is None else [UUID(id) for id in job.client_ids])


def acting(job: Job, operator: Any, action: str, subject: Model) -> AbstractContextManager[None]:
    """A service called inside leaves a trace of the operator, as if called from a page."""
    return audit.recording(operator=operator, act=action, subject=subject, reason=job.reason, request_id=job.request_id)
