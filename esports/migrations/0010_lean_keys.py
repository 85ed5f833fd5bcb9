"""Indexes and foreign keys that others imply are gone, and a settlement's update touches no index at all.

The new version of a row stays beside the old one (a HOT update) where no index knows the columns that change and the
page has room: so final ranks are in no index, and pages of participations are filled by half.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("esports", "0009_entries"),
        ("users", "0003_phone_codes"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="participation",
            name="one_gamer_per_final_rank",
        ),
        migrations.AlterField(
            model_name="participation",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"
            ),
        ),
        migrations.AlterField(
            model_name="participation",
            name="gamer",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.gamer"
            ),
        ),
        migrations.AlterField(
            model_name="participation",
            name="tournament",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="esports.tournament",
            ),
        ),
        migrations.AlterField(
            model_name="ruling",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"
            ),
        ),
        migrations.AlterField(
            model_name="ruling",
            name="participation",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rulings",
                to="esports.participation",
            ),
        ),
        migrations.AlterField(
            model_name="scoreevent",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"
            ),
        ),
        migrations.AlterField(
            model_name="scoreevent",
            name="participation",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="esports.participation"
            ),
        ),
        migrations.AlterField(
            model_name="tournament",
            name="client",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="users.client"),
        ),
        migrations.RunSQL(
            "ALTER TABLE esports_participation SET (fillfactor = 50);",
            "ALTER TABLE esports_participation RESET (fillfactor);",
        ),
    ]
