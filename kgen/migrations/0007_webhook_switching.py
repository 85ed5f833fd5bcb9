"""Webhook endpoints know why and when they were switched off, since when they fail, and which older secrets sign."""

from typing import Any

from django.db import migrations, models


def note_operators_and_rotations(apps: Any, schema_editor: Any) -> None:
    """So far only operators switched endpoints off, and only the last secret but one signed, for a day."""
    endpoints = apps.get_model("kgen", "WebhookEndpoint").objects
    endpoints.filter(active=False, disabled_reason="").update(disabled_reason="operator")
    for endpoint in endpoints.exclude(rotated_at=None):
        endpoint.secrets_replaced_at = [endpoint.rotated_at.isoformat()]  # older than a day: it signs no more
        endpoint.save(update_fields=["secrets_replaced_at"])


class Migration(migrations.Migration):
    dependencies = [
        ("kgen", "0006_audit_by_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="disabled_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("gone", "it answered 410 Gone"),
                    ("failing", "it failed for five days"),
                    ("operator", "by an operator"),
                ],
                db_default="",
                default="",
                help_text="while it is off",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="disabled_at",
            field=models.DateTimeField(blank=True, help_text="none: before this was recorded", null=True),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="failing_since",
            field=models.DateTimeField(
                blank=True,
                help_text="the first failed call after the last success, or after it was switched on",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="secrets_replaced_at",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="when each earlier secret that may still sign was replaced, newest first",
            ),
        ),
        migrations.AlterField(
            model_name="webhookendpoint",
            name="rotated_at",
            field=models.DateTimeField(blank=True, help_text="when the present secret was made", null=True),
        ),
        migrations.RunPython(note_operators_and_rotations, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("disabled_at", None), models.Q(("disabled_reason", ""), _negated=True), _connector="OR"
                ),
                name="disabled_endpoint_has_a_reason",
            ),
        ),
    ]
