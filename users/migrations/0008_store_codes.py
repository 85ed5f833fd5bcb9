"""Stores of clients, and the codes with which gamers arrive there."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import kgen.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0007_pages"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="store_url",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="where gamers shop; empty: there is no store",
                max_length=2000,
            ),
        ),
        migrations.CreateModel(
            name="StoreCode",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("client", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="users.client")),
                ("gamer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="users.gamer")),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="store_codes_by_age")],
                "constraints": [
                    kgen.constraints.CompositeForeignKey(
                        columns=["client_id", "gamer_id"],
                        name="store_code_gamer_same_client",
                        to_columns=["client_id", "id"],
                        to_table="users_gamer",
                    )
                ],
            },
        ),
    ]
