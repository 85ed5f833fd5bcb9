"""One reward for each rank; indexes and foreign keys that others imply are gone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0010_lean_keys"),
        ("rewards", "0004_held_list"),
        ("users", "0003_phone_codes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="holdstep",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"
            ),
        ),
        migrations.AlterField(
            model_name="holdstep",
            name="reward",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="hold_steps",
                to="rewards.reward",
            ),
        ),
        migrations.AlterField(
            model_name="reward",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"
            ),
        ),
        migrations.AlterField(
            model_name="reward",
            name="gamer",
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="users.gamer"),
        ),
        migrations.AlterField(
            model_name="reward",
            name="participation",
            field=models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="esports.participation"
            ),
        ),
        migrations.AlterField(
            model_name="reward",
            name="tournament",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="esports.tournament",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.UniqueConstraint(fields=("tournament", "rank"), name="one_reward_per_rank"),
        ),
    ]
