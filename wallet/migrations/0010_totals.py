from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0009_queue"),
    ]

    operations = [
        migrations.CreateModel(
            name="PostingMark",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("counted", models.BigIntegerField(default=0, help_text="the last posting id in the totals")),
                ("goal", models.BigIntegerField(default=0, help_text="the posting id that they are on their way to")),
                (
                    "writers",
                    models.JSONField(
                        default=list, help_text="transactions that may still be writing postings of up to the goal"
                    ),
                ),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_posting_mark")],
            },
        ),
        migrations.CreateModel(
            name="DayTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.UUIDField()),
                ("currency", models.CharField(max_length=12)),
                ("day", models.DateField()),
                ("kind", models.CharField(help_text="of the transactions", max_length=20)),
                ("source", models.CharField(help_text="kind of account", max_length=20)),
                ("destination", models.CharField(help_text="kind of account", max_length=20)),
                ("moved", models.DecimalField(decimal_places=0, max_digits=40)),
                ("postings", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="totals_of_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client_id", "day", "currency", "kind", "source", "destination"),
                        name="one_total_a_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="KindTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.UUIDField()),
                ("currency", models.CharField(max_length=12)),
                ("kind", models.CharField(help_text="of account", max_length=20)),
                ("held", models.DecimalField(decimal_places=0, max_digits=40)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "currency", "kind"), name="one_total_a_kind")
                ],
            },
        ),
    ]
