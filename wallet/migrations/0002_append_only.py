"""The ledger is append-only in the database itself, and the auditors' views of it."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION wallet_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only; undo by a reversing transaction',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
# Statement-level: TRUNCATE has no row-level triggers, and a refused statement costs nothing a row.
GUARDS = "".join(
    f"""
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
"""
    for table in ("wallet_transaction", "wallet_posting")
)
# Accounts live as long as their postings; only a balance may change, and it does so with a posting.
ACCOUNT_GUARDS = """
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON wallet_account
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER identity_kept BEFORE UPDATE OF id, wallet_id, client_id, kind, currency, owner_id, address
    ON wallet_account FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
"""
UNDO = """
DROP TRIGGER identity_kept ON wallet_account;
DROP TRIGGER kept ON wallet_account;
DROP TRIGGER append_only ON wallet_posting;
DROP TRIGGER append_only ON wallet_transaction;
DROP FUNCTION wallet_append_only();
"""
VIEWS = """
CREATE SCHEMA IF NOT EXISTS audit;
CREATE VIEW audit.account AS
    SELECT a.id AS account_id, a.client_id, a.wallet_id, a.kind, a.currency, a.owner_id AS tournament_id,
           coalesce(a.address, w.address) AS address, a.balance AS stored_balance,
           coalesce((SELECT sum(amount) FROM wallet_posting WHERE destination_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM wallet_posting WHERE source_id = a.id), 0) AS posted_balance
      FROM wallet_account a LEFT JOIN wallet_wallet w ON w.id = a.wallet_id;
CREATE VIEW audit.transaction AS
    SELECT id AS transaction_id, client_id, wallet_id, kind, reference, balance_after, created_at
      FROM wallet_transaction;
CREATE VIEW audit.posting AS
    SELECT id AS posting_id, transaction_id, source_id AS source_account_id,
           destination_id AS destination_account_id, currency, amount,
           source_balance AS source_balance_after, destination_balance AS destination_balance_after
      FROM wallet_posting;
"""
DROP_VIEWS = """
DROP VIEW audit.posting; DROP VIEW audit.transaction; DROP VIEW audit.account;
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]
    operations = [
        migrations.RunSQL(REFUSE + GUARDS + ACCOUNT_GUARDS, UNDO),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
    ]
