"""The console finds the ledger, adjustments and payouts of one client, kind, address or hash by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0012_ledger_by_time"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(fields=["client_id", "-id"], name="adjustments_of_client"),
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(fields=["client_id", "id"], name="transactions_of_client"),
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                condition=models.Q(("kind", "JOIN"), _negated=True), fields=["kind", "id"], name="transactions_of_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["destination", "-created_at", "-id"], name="withdrawals_to"),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("transaction_hash__isnull", False)),
                fields=["transaction_hash"],
                name="withdrawals_by_hash",
            ),
        ),
    ]
