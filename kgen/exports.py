"""Oversight as CSV: the audit trail."""

import json
from typing import Any

from django.db.models import QuerySet

from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import Column, Scope, Table
from kgen.models import AuditEntry


def _entries(scope: Scope) -> QuerySet[AuditEntry]:
    rows = scope.within(AuditEntry.objects.all(), "at")
    return rows.filter(object_id=str(scope.about)) if scope.about else rows


def _as_text(snapshot: Any) -> str:
    return "" if snapshot is None else json.dumps(snapshot, sort_keys=True, ensure_ascii=False)


AUDIT = export(
    Table(
        name="audit",
        title="Audit trail",
        permission="kgen.see_audit",
        columns=(
            Column("entry", lambda row: row.pk),
            Column("time", lambda row: row.at),
            Column("operator", lambda row: row.operator_id),
            Column("name", lambda row: row.operator_name),
            Column("act", lambda row: row.act),
            Column("object type", lambda row: row.object_type),
            Column("object", lambda row: row.object_id),
            Column("label", lambda row: row.object_label),
            Column("client", lambda row: row.client_id),
            Column("reason", lambda row: row.reason),
            Column("before", lambda row: _as_text(row.before)),
            Column("after", lambda row: _as_text(row.after)),
            Column("request", lambda row: row.request_id),
        ),
        rows=_entries,
        key=(Key("id"),),
        about="row",
    )
)
