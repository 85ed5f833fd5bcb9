"""A deposit's reference is for ever and a wallet's address is made once: the database keeps both."""

from django.db import migrations

TABLES = ("wallet_deposit", "wallet_wallet")
GUARDS = "".join(
    f"""
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
"""
    for table in TABLES
)
UNDO = "".join(f"DROP TRIGGER append_only ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_payouts")]
    operations = [migrations.RunSQL(GUARDS, UNDO)]
