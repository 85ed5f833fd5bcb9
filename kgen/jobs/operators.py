"""As whom a job acts: the operator as it stands now, not as it stood when the job was asked for."""

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
    """What one must hold for such a job.

    :raises RecordNotFound: there is no such kind.
    """
    if not registry.is_export(kind):
        return [registry.act_kind(kind).permission]
    full = [SEE_PERSONAL] if parameters["full"] else []
    return [MAY_EXPORT, registry.table_of(kind).permission, *full]


def allowed(operator_id: int, kind: str, parameters: dict[str, Any]) -> Any:
    """The operator, read anew, if it may still have such a job.

    :raises RecordNotFound: there is no such kind.
    :raises Forbidden: the operator is gone, switched off, or lacks a permission.
    """
    operator: Any = get_user_model()._default_manager.filter(pk=operator_id).first()
    if operator is None or not operator.is_active or not operator.is_staff:
        raise Forbidden("The operator is no longer active.")
    lacking = [name for name in permissions_of(kind, parameters) if not operator.has_perm(name)]
    if lacking:
        raise Forbidden(f"The operator does not hold the permission {lacking[0]}.")
    return operator


def narrowed(operator: Any, wanted: Iterable[UUID] | None) -> list[UUID] | None:
    """Those of the wanted clients (None: all) that the operator is not limited away from; None: all."""
    limit = clients_of(operator)
    if wanted is None:
        return None if limit is None else sorted(limit)
    return [client for client in wanted if limit is None or client in limit]


def clients_of_job(job: Job, operator: Any) -> list[UUID] | None:
    """The clients that a job may touch as things stand now; None: all."""
    return narrowed(operator, None if job.client_ids is None else [UUID(id) for id in job.client_ids])


def acting(job: Job, operator: Any, act: str, subject: Model) -> AbstractContextManager[None]:
    """The journey that is called inside leaves a trace of the operator, as if called from a page."""
    return audit.recording(operator=operator, act=act, subject=subject, reason=job.reason, request_id=job.request_id)
