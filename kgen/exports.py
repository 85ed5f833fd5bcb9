"""The trail as CSV."""

import json
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import ExportColumn, ExportScope, ExportTable, Subject
from kgen.models import AuditEntry


def _entries(scope: ExportScope) -> QuerySet[AuditEntry]:
    rows = scope.within(AuditEntry.objects.all(), "at")
    return rows.filter(object_id=str(scope.about)) if scope.about else rows


def _about(id: UUID) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(object_id=str(id))


def _as_text(snapshot: Any) -> str:
    return "" if snapshot is None else json.dumps(snapshot, sort_keys=True, ensure_ascii=False)


AUDIT = export(
    ExportTable(
        name="audit",
        title="Audit trail",
        permission="kgen.see_audit",
        columns=(
            ExportColumn("entry", lambda row: row.pk),
            ExportColumn("time", lambda row: row.at),
            ExportColumn("operator", lambda row: row.operator_id),
            ExportColumn("name", lambda row: row.operator_name),
            ExportColumn("act", lambda row: row.act),
            ExportColumn("object type", lambda row: row.object_type),
            ExportColumn("object", lambda row: row.object_id),
            ExportColumn("label", lambda row: row.object_label),
            ExportColumn("client", lambda row: row.client_id),
            ExportColumn("reason", lambda row: row.reason),
            ExportColumn("before", lambda row: _as_text(row.before)),
            ExportColumn("after", lambda row: _as_text(row.after)),
            ExportColumn("request", lambda row: row.request_id),
        ),
        rows=_entries,
        key=(Key("id"),),
        about=Subject("row in the audit trail", _about),
    )
)
