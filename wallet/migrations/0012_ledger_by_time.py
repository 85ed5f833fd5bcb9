"""The ledger is found by its day, however long ago that is."""

from django.db import migrations

# A few pages for millions of rows, and next to nothing to a booking: rows come in the order of time.
BY_TIME = """
CREATE INDEX transactions_by_time ON wallet_transaction USING brin (created_at)
  WITH (autosummarize, pages_per_range = 32);
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0011_lean_keys")]
    operations = [migrations.RunSQL(BY_TIME, "DROP INDEX transactions_by_time;")]
