import django.db.models.deletion
from django.db import migrations, models

# Titles are searched by their beginning in either case; Django's own indexes know no operator class for that.
BY_TITLE = "CREATE INDEX tournaments_by_title ON esports_tournament (upper(title) text_pattern_ops)"


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0008_templates"),
        ("users", "0006_devices"),
    ]

    operations = [
        migrations.CreateModel(
            name="EntryMark",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                (
                    "counted_to",
                    models.UUIDField(help_text="ids are UUIDv7: they begin with the time at which they were made"),
                ),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_entry_mark")],
            },
        ),
        migrations.CreateModel(
            name="EntryDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("entries", models.BigIntegerField()),
                ("client", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="users.client")),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="entries_of_day")],
                "constraints": [models.UniqueConstraint(fields=("client", "day"), name="one_entry_count_a_day")],
            },
        ),
        migrations.RunSQL(BY_TITLE, "DROP INDEX tournaments_by_title"),
    ]
