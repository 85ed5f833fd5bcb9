"""Rewards on hold, and who held them: a log that only grows."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

import kgen.constraints

GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rewards_holdstep
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0006_refereeing"),
        ("rewards", "0002_audit_view"),
        ("users", "0003_phone_codes"),
        ("wallet", "0008_reward_forfeit"),
    ]

    operations = [
        migrations.CreateModel(
            name="HoldStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "act",
                    models.CharField(
                        choices=[("HOLD", "Hold"), ("RELEASE", "Release"), ("FORFEIT", "Forfeit")], max_length=7
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("operator_id", models.BigIntegerField()),
                ("done_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="reward",
            name="reward_status_known",
        ),
        migrations.AddField(
            model_name="reward",
            name="held_for",
            field=models.DurationField(
                db_default=datetime.timedelta(0),
                default=datetime.timedelta(0),
                help_text="by holds that are over: no part of its age",
            ),
        ),
        migrations.AlterField(
            model_name="reward",
            name="status",
            field=models.CharField(
                choices=[
                    ("UNCLAIMED", "Unclaimed"),
                    ("CLAIMED", "Claimed"),
                    ("EXPIRED", "Expired"),
                    ("HELD", "Held"),
                    ("FORFEITED", "Forfeited"),
                ],
                default="UNCLAIMED",
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="reward",
            name="updated_at",
            field=models.DateTimeField(help_text="its status last changed"),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.UniqueConstraint(fields=("client", "id"), name="reward_of_client"),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["UNCLAIMED", "CLAIMED", "EXPIRED", "HELD", "FORFEITED"])),
                name="reward_status_known",
            ),
        ),
        migrations.AddField(
            model_name="holdstep",
            name="client",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="users.client"),
        ),
        migrations.AddField(
            model_name="holdstep",
            name="reward",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="hold_steps", to="rewards.reward"
            ),
        ),
        migrations.AddConstraint(
            model_name="holdstep",
            constraint=kgen.constraints.CompositeForeignKey(
                columns=["client_id", "reward_id"],
                name="hold_step_reward_client",
                to_columns=["client_id", "id"],
                to_table="rewards_reward",
            ),
        ),
        migrations.RunSQL(GUARD, "DROP TRIGGER append_only ON rewards_holdstep;"),
    ]
