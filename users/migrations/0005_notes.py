"""Operators' notes on gamers. They are never changed; whoever erases a gamer removes them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import kgen.constraints

REFUSE = """
CREATE FUNCTION users_note_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: notes stay as they were written',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER as_written BEFORE UPDATE ON users_gamernote
    FOR EACH STATEMENT EXECUTE FUNCTION users_note_as_written();
"""
UNDO = """
DROP TRIGGER as_written ON users_gamernote;
DROP FUNCTION users_note_as_written();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0004_operator_clients"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="operator", options={"verbose_name": "operator", "verbose_name_plural": "operators"}
        ),
        migrations.CreateModel(
            name="GamerNote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.CharField(max_length=2000)),
                ("written_at", models.DateTimeField()),
                ("client", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="users.client")),
                (
                    "gamer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="users.gamer"
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["gamer", "-id"], name="notes_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length(django.db.models.functions.text.Trim("text")), 1
                        ),
                        name="note_says_something",
                    ),
                    kgen.constraints.CompositeForeignKey(
                        columns=["client_id", "gamer_id"],
                        name="note_gamer_same_client",
                        to_columns=["client_id", "id"],
                        to_table="users_gamer",
                    ),
                ],
            },
        ),
        migrations.RunSQL(REFUSE, UNDO),
    ]
