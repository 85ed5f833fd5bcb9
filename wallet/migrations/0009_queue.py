"""What the console's queue is read by, the rail's own word at a review, and who cleared the mark of a dispute."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0008_reward_forfeit"),
    ]

    operations = [
        migrations.AddField(
            model_name="withdrawal",
            name="rail_reference",
            field=models.CharField(
                blank=True, default="", help_text="what the rail's books name it, at a review", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="cleared_by",
            field=models.BigIntegerField(help_text="operator who cleared the mark of a dispute", null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="clear_reason",
            field=models.CharField(blank=True, default="", help_text="why the dispute was over", max_length=500),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["created_at", "id"], name="withdrawals_by_time"),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["state", "created_at", "id"], name="withdrawals_by_state"),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["client_id", "state", "created_at", "id"], name="withdrawals_of_client"),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("review", ""), _negated=True),
                fields=["created_at", "id"],
                name="withdrawals_marked",
            ),
        ),
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(
                condition=models.Q(("state", "REQUESTED")), fields=["created_at", "id"], name="adjustments_open"
            ),
        ),
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(fields=["requested_by", "-id"], name="adjustments_of_maker"),
        ),
    ]
