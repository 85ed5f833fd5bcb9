"""Gamers by device, for the console's question who else plays on it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0005_notes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="gamer",
            index=models.Index(
                condition=models.Q(("device_id", ""), _negated=True), fields=["device_id"], name="gamers_of_device"
            ),
        ),
    ]
