"""The trail of some days is found and ordered by one index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kgen", "0005_webhook_switch"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="auditentry", name="audit_by_time"),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["at", "id"], name="audit_by_time"),
        ),
    ]
