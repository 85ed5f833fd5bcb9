"""What referees decide, and the auditors' view of who was disqualified: a column is appended."""

import django.db.models.deletion
from django.db import migrations, models

import kgen.constraints

GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON esports_ruling
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
"""
BEFORE = """
CREATE OR REPLACE VIEW audit.participation AS
    SELECT id AS participation_id, client_id, tournament_id, gamer_id, stake, joined_at, left_at, refunded_at,
           score, reached_at, final_rank, prize{more}
      FROM esports_participation;
"""
AFTER = BEFORE.format(more=", disqualified_at")
UNDO = "DROP VIEW audit.participation;" + BEFORE.format(more="")


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0005_audit_results"),
        ("users", "0003_phone_codes"),
        ("wallet", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Ruling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "act",
                    models.CharField(choices=[("DISQUALIFY", "Disqualify"), ("REINSTATE", "Reinstate")], max_length=10),
                ),
                ("reason", models.CharField(max_length=500)),
                ("operator_id", models.BigIntegerField()),
                ("ruled_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="participation",
            name="standing_is_whole",
        ),
        migrations.AddField(
            model_name="participation",
            name="disqualified_at",
            field=models.DateTimeField(
                blank=True, help_text="stays in the field with stake and score, but holds no rank", null=True
            ),
        ),
        migrations.AddField(
            model_name="scoreevent",
            name="void_reason",
            field=models.CharField(blank=True, max_length=500, null=True),
        ),
        migrations.AddField(
            model_name="scoreevent",
            name="voided_at",
            field=models.DateTimeField(blank=True, help_text="from then on it does not count", null=True),
        ),
        migrations.AddField(
            model_name="scoreevent",
            name="voided_by",
            field=models.BigIntegerField(blank=True, help_text="operator", null=True),
        ),
        migrations.AlterField(
            model_name="scoreevent",
            name="standing",
            field=models.BigIntegerField(help_text="the score after it, when it was accepted"),
        ),
        migrations.AddIndex(
            model_name="participation",
            index=models.Index(
                condition=models.Q(("disqualified_at__isnull", False)), fields=["tournament"], name="disqualified"
            ),
        ),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("rank_key", None), ("reached_at", None), ("score", None)),
                    models.Q(
                        ("changed_xid__isnull", False),
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
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(("disqualified_at", None), ("left_at", None), _connector="OR"),
                name="the_disqualified_do_not_leave",
            ),
        ),
        migrations.AddConstraint(
            model_name="scoreevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("void_reason", None), ("voided_at", None), ("voided_by", None)),
                    models.Q(
                        ("void_reason__isnull", False), ("voided_at__isnull", False), ("voided_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="void_is_whole",
            ),
        ),
        migrations.AddField(
            model_name="ruling",
            name="client",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="users.client"),
        ),
        migrations.AddField(
            model_name="ruling",
            name="participation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rulings", to="esports.participation"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruling",
            constraint=kgen.constraints.CompositeForeignKey(
                columns=["client_id", "participation_id"],
                name="ruling_participation_client",
                to_columns=["client_id", "id"],
                to_table="esports_participation",
            ),
        ),
        migrations.RunSQL(GUARD, "DROP TRIGGER append_only ON esports_ruling;"),
        migrations.RunSQL(AFTER, UNDO),
    ]
