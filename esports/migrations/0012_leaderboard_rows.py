"""The order of boards is kept in rows of its own: a score is written into no index of the participation any more.

What changed is told by a log with a row a transaction, where an index of the participation told it.
"""

import django.db.models.deletion
from django.db import migrations, models

import esports.models.boards

COPY = """
INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, gamer_id, score)
SELECT tournament_id, rank_key, reached_at, joined_at, id, gamer_id, score
  FROM esports_participation WHERE rank_key IS NOT NULL
 ORDER BY tournament_id, rank_key, reached_at, joined_at, id;
"""
# Going back, every standing counts as changed by this transaction: caches are made anew.
CHANGED = "UPDATE esports_participation SET changed_xid = pg_current_xact_id()::text::bigint WHERE score IS NOT NULL;"


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0011_console_lists"),
        ("users", "0006_devices"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeaderboardRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tournament_id",
                        "rank_key",
                        "reached_at",
                        "joined_at",
                        "participation_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "tournament",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="esports.tournament",
                    ),
                ),
                (
                    "gamer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="users.gamer",
                    ),
                ),
                ("rank_key", models.BigIntegerField()),
                ("reached_at", models.DateTimeField()),
                ("joined_at", models.DateTimeField()),
                (
                    "participation",
                    models.ForeignKey(
                        db_column="id",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="esports.participation",
                    ),
                ),
                ("score", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="StandingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tournament_id", models.UUIDField()),
                ("participation_ids", esports.models.boards.IdsField()),
                ("xid", models.BigIntegerField(help_text="the transaction")),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(model_name="participation", name="standing_is_whole"),
        migrations.RunSQL(migrations.RunSQL.noop, CHANGED),
        migrations.RemoveIndex(model_name="participation", name="ranking"),
        migrations.RemoveIndex(model_name="participation", name="standing_changes"),
        migrations.RemoveField(model_name="participation", name="changed_xid"),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("rank_key", None), ("reached_at", None), ("score", None)),
                    models.Q(
                        ("reached_at__isnull", False),
                        ("score__isnull", False),
                        models.Q(
                            models.Q(("disqualified_at", None), ("rank_key__isnull", False)),
                            models.Q(("disqualified_at__isnull", False), ("final_rank", None), ("rank_key", None)),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="standing_is_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="standingchange",
            index=models.Index(fields=["tournament_id", "xid"], name="standing_changes"),
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
    ]
