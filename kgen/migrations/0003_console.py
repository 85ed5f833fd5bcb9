"""The audit trail, append-only in the database itself, and the brake on logins."""

import django.core.serializers.json
from django.db import migrations, models

import kgen.clock

REFUSE = """
CREATE FUNCTION kgen_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the audit trail is append-only',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kgen_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION kgen_audit_append_only();
"""
UNDO = """
DROP TRIGGER append_only ON kgen_auditentry;
DROP FUNCTION kgen_audit_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("kgen", "0002_webhooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=kgen.clock.ClockTimestamp(), editable=False)),
                ("operator_id", models.BigIntegerField(help_text="empty: somebody who did not get in", null=True)),
                ("operator_name", models.CharField(blank=True, max_length=150)),
                ("act", models.CharField(help_text="app.verb, as in withdrawal.approve", max_length=60)),
                ("object_type", models.CharField(blank=True, help_text="app.model, in small letters", max_length=60)),
                ("object_id", models.CharField(blank=True, max_length=64)),
                ("object_label", models.CharField(blank=True, max_length=200)),
                ("client_id", models.UUIDField(blank=True, null=True)),
                ("before", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ("after", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("request_id", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "indexes": [
                    models.Index(fields=["operator_id", "-id"], name="audit_of_operator"),
                    models.Index(fields=["act", "-id"], name="audit_of_act"),
                    models.Index(fields=["object_id", "-id"], name="audit_of_object"),
                    models.Index(fields=["request_id"], name="audit_of_request"),
                    models.Index(fields=["client_id", "-id"], name="audit_of_client"),
                    models.Index(fields=["at"], name="audit_by_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LoginGuard",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("tries", models.PositiveIntegerField()),
                ("began_at", models.DateTimeField()),
                ("locked_until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["began_at"], name="guards_by_age")],
            },
        ),
        migrations.RunSQL(REFUSE, UNDO),
    ]
