"""The console finds the few rewards that are gone by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0011_console_lists"),
        ("rewards", "0006_audit_holds"),
        ("users", "0006_devices"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="reward",
            index=models.Index(
                condition=models.Q(("status__in", ["EXPIRED", "FORFEITED"])),
                fields=["status", "-id"],
                name="rewards_gone",
            ),
        ),
    ]
