"""Guards of withdrawals, the rails as they begin, and the auditors' view."""

from django.db import migrations

# A withdrawal is never removed, and what was requested never changes; a settled one never moves again.
# An attempt is written at its start and may be ended once.
GUARDS = """
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON wallet_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER request_kept
    BEFORE UPDATE OF id, client_id, wallet_id, amount, currency, destination, account_id, rail, created_at
    ON wallet_withdrawal FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER settled_kept BEFORE UPDATE ON wallet_withdrawal FOR EACH ROW
    WHEN (OLD.settled_at IS NOT NULL
          AND (NEW.state, NEW.settled_at) IS DISTINCT FROM (OLD.state, OLD.settled_at))
    EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON wallet_payoutattempt
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER ended_once BEFORE UPDATE ON wallet_payoutattempt FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL OR (NEW.withdrawal_id, NEW.number, NEW.kind, NEW.started_at)
          IS DISTINCT FROM (OLD.withdrawal_id, OLD.number, OLD.kind, OLD.started_at))
    EXECUTE FUNCTION wallet_append_only();
"""
UNDO = """
DROP TRIGGER ended_once ON wallet_payoutattempt;
DROP TRIGGER kept ON wallet_payoutattempt;
DROP TRIGGER settled_kept ON wallet_withdrawal;
DROP TRIGGER request_kept ON wallet_withdrawal;
DROP TRIGGER kept ON wallet_withdrawal;
"""
# The database that is migrated is the one that knows all payouts; see wallet.selectors.rails.system_marker.
RAILS = """
INSERT INTO wallet_payoutrail (name, pause, reason, failures, confirmed_system)
SELECT name, '', '', 0,
       (SELECT system_identifier FROM pg_control_system()) || ':'
       || (SELECT timeline_id FROM pg_control_checkpoint()) || ':'
       || (SELECT oid FROM pg_database WHERE datname = current_database()) || ':'
       || 'wallet_withdrawal'::regclass::oid
  FROM unnest(ARRAY['internal', 'http']) AS name
"""
VIEWS = """
CREATE OR REPLACE VIEW audit.account AS
    SELECT a.id AS account_id, a.client_id, a.wallet_id, a.kind, a.currency,
           CASE WHEN a.kind <> 'kgen' THEN a.owner_id END AS tournament_id,
           coalesce(a.address, w.address) AS address, a.balance AS stored_balance,
           coalesce((SELECT sum(amount) FROM wallet_posting WHERE destination_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM wallet_posting WHERE source_id = a.id), 0) AS posted_balance,
           CASE WHEN a.kind = 'kgen' THEN a.owner_id END AS kgen_account_id
      FROM wallet_account a LEFT JOIN wallet_wallet w ON w.id = a.wallet_id;
CREATE VIEW audit.withdrawal AS
    SELECT id AS withdrawal_id, client_id, wallet_id, amount, currency, destination, account_id AS kgen_account_id,
           rail, state, review, created_at, updated_at, settled_at, tries, approved_by, rejected_by, resolved_by,
           block_number, transaction_hash, gas_fee
      FROM wallet_withdrawal;
"""
DROP_VIEWS = """
DROP VIEW audit.withdrawal;
DROP VIEW audit.account;
CREATE VIEW audit.account AS
    SELECT a.id AS account_id, a.client_id, a.wallet_id, a.kind, a.currency, a.owner_id AS tournament_id,
           coalesce(a.address, w.address) AS address, a.balance AS stored_balance,
           coalesce((SELECT sum(amount) FROM wallet_posting WHERE destination_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM wallet_posting WHERE source_id = a.id), 0) AS posted_balance
      FROM wallet_account a LEFT JOIN wallet_wallet w ON w.id = a.wallet_id;
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0004_withdrawals")]
    operations = [
        migrations.RunSQL(GUARDS, UNDO),
        migrations.RunSQL(RAILS, "DELETE FROM wallet_payoutrail"),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
    ]
