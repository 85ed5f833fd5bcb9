"""The held rewards, which are looked for among all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rewards", "0003_holds"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="reward",
            index=models.Index(condition=models.Q(("status", "HELD")), fields=["-id"], name="rewards_held"),
        ),
    ]
