from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0007_adjustments"),
    ]

    operations = [
        migrations.AlterField(
            model_name="transaction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("WELCOME_BONUS", "Welcome Bonus"),
                    ("JOIN", "Join"),
                    ("LEAVE", "Leave"),
                    ("REFUND", "Refund"),
                    ("REWARD", "Reward"),
                    ("WITHDRAW", "Withdraw"),
                    ("WITHDRAW_REVERSAL", "Withdraw Reversal"),
                    ("DEPOSIT", "Deposit"),
                    ("DEPOSIT_REVERSAL", "Deposit Reversal"),
                    ("ADJUSTMENT", "Adjustment"),
                    ("PAYOUT", "Payout"),
                    ("SPONSORSHIP", "Sponsorship"),
                    ("SETTLEMENT", "Settlement"),
                    ("REWARD_EXPIRY", "Reward Expiry"),
                    ("REWARD_FORFEIT", "Reward Forfeit"),
                ],
                max_length=20,
            ),
        ),
    ]
