"""Events that games report about their gamers. Rows are never changed; a duty removes the old ones."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import kgen.constraints

REFUSE = """
CREATE FUNCTION users_trackedevent_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: tracked events stay as they were written',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER as_written BEFORE UPDATE ON users_trackedevent
    FOR EACH STATEMENT EXECUTE FUNCTION users_trackedevent_as_written();
"""
UNDO = """
DROP TRIGGER as_written ON users_trackedevent;
DROP FUNCTION users_trackedevent_as_written();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0008_store_codes"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrackedEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(help_text="the game's own, eventID on the wire", max_length=128)),
                ("day", models.DateField(help_text="UTC")),
                ("dropped_at", models.DateTimeField()),
                ("attributes", models.JSONField()),
                (
                    "client",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"),
                ),
                (
                    "gamer",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.gamer"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["client", "id"], name="tracked_events_of_client"),
                    models.Index(fields=["gamer", "day"], name="tracked_events_of_gamer"),
                ],
                "constraints": [
                    kgen.constraints.CompositeForeignKey(
                        columns=["client_id", "gamer_id"],
                        name="tracked_event_gamer_same_client",
                        to_columns=["client_id", "id"],
                        to_table="users_gamer",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TrackedEvents",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("slot", models.PositiveSmallIntegerField()),
                ("count", models.PositiveIntegerField()),
                (
                    "client",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="tracked_events_by_day")],
                "constraints": [models.UniqueConstraint(fields=("client", "day", "slot"), name="tracked_events_slot")],
            },
        ),
        migrations.RunSQL(REFUSE, UNDO),
    ]
