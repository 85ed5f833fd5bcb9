"""Indexes and foreign keys that others imply are gone: every join and deposit paid for them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0010_totals"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="address",
            field=models.CharField(help_text="a system account's own", max_length=42, null=True),
        ),
        migrations.AlterField(
            model_name="account",
            name="wallet",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accounts",
                to="wallet.wallet",
            ),
        ),
        migrations.AlterField(
            model_name="adjustment",
            name="wallet",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="adjustments",
                to="wallet.wallet",
            ),
        ),
        migrations.AlterField(
            model_name="deposit",
            name="wallet",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="wallet.wallet"
            ),
        ),
        migrations.AlterField(
            model_name="payoutattempt",
            name="withdrawal",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="wallet.withdrawal",
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="destination",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="received",
                to="wallet.account",
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="source",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sent",
                to="wallet.account",
            ),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="reference",
            field=models.CharField(max_length=120),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="wallet",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="the gamer's, if one takes part",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="wallet.wallet",
            ),
        ),
        migrations.AlterField(
            model_name="wallet",
            name="address",
            field=models.CharField(max_length=42),
        ),
        migrations.AlterField(
            model_name="withdrawal",
            name="wallet",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="withdrawals",
                to="wallet.wallet",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                condition=models.Q(("address__isnull", False)), fields=("address",), name="wallet_account_address"
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.UniqueConstraint(fields=("reference",), name="wallet_transaction_reference"),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(fields=("address",), name="wallet_wallet_address"),
        ),
        # A balance is in no index: with room on its page its change touches none (a HOT update, a third of the time).
        migrations.RunSQL(
            "ALTER TABLE wallet_account SET (fillfactor = 70);",
            "ALTER TABLE wallet_account RESET (fillfactor);",
        ),
    ]
