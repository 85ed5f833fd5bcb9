"""Webhook endpoints can be switched off; deliveries are listed by their state."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kgen", "0004_jobs"),
    ]

    operations = [
        migrations.AlterModelOptions(name="webhookendpoint", options={"verbose_name": "endpoint"}),
        migrations.AlterModelOptions(
            name="webhookdelivery", options={"verbose_name": "delivery", "verbose_name_plural": "deliveries"}
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="active",
            field=models.BooleanField(db_default=True, default=True, help_text="off: no news is written for it"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["state", "-id"], name="deliveries_in_state"),
        ),
    ]
