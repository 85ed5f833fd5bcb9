"""A row of a board carries the names that it shows, so that nobody who reads a board looks at gamers.

Who has another user name is noted by the database, whoever changed it, until the rows have followed.
"""

import django.db.models.deletion
from django.db import migrations, models

NAME = """
UPDATE esports_leaderboardrow AS place SET user_id = gamer.user_id, username = gamer.username
  FROM users_gamer AS gamer WHERE gamer.id = place.gamer_id;
"""
MARK = """
CREATE FUNCTION esports_note_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO esports_rename (gamer_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER note_rename AFTER UPDATE OF username ON users_gamer
    FOR EACH ROW WHEN (OLD.username IS DISTINCT FROM NEW.username) EXECUTE FUNCTION esports_note_rename();
"""
UNMARK = """
DROP TRIGGER note_rename ON users_gamer;
DROP FUNCTION esports_note_rename();
"""
POINT = """
UPDATE esports_leaderboardrow AS place SET gamer_id = stay.gamer_id
  FROM esports_participation AS stay WHERE stay.id = place.id;
-- The table cannot be changed while checks of it are still to come.
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0012_leaderboard_rows"),
        ("users", "0006_devices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rename",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gamer_id", models.UUIDField()),
            ],
        ),
        migrations.RunSQL(MARK, UNMARK),
        migrations.AddField(
            model_name="leaderboardrow",
            name="user_id",
            field=models.CharField(default="", max_length=128),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="leaderboardrow",
            name="username",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.RunSQL(NAME, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="leaderboardrow",
            name="gamer",
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="users.gamer"
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, POINT),
        migrations.RemoveField(model_name="leaderboardrow", name="gamer"),
    ]
