"""A ruling may propose a disqualification that a second operator has to make."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("esports", "0013_names_on_boards")]

    operations = [
        migrations.AlterField(
            model_name="ruling",
            name="act",
            field=models.CharField(
                choices=[("PROPOSE", "Propose"), ("DISQUALIFY", "Disqualify"), ("REINSTATE", "Reinstate")],
                max_length=10,
            ),
        ),
    ]
