"""Payouts that come back: the state RETURNED, its time, and the two operators who mark it by hand.

Backwards it refuses while a withdrawal is RETURNED: the ledger has booked that, and the old version cannot say it.
"""

import django.db.models.functions.comparison
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

# A settled withdrawal never moves again, but for one step: what the gateway has paid may come back, once.
OLD_SETTLED = """
CREATE TRIGGER settled_kept BEFORE UPDATE ON wallet_withdrawal FOR EACH ROW
    WHEN (OLD.settled_at IS NOT NULL
          AND (NEW.state, NEW.settled_at) IS DISTINCT FROM (OLD.state, OLD.settled_at))
    EXECUTE FUNCTION wallet_append_only();
"""
SETTLED = """
CREATE TRIGGER settled_kept BEFORE UPDATE ON wallet_withdrawal FOR EACH ROW
    WHEN (OLD.settled_at IS NOT NULL
          AND (NEW.state, NEW.settled_at) IS DISTINCT FROM (OLD.state, OLD.settled_at)
          AND NOT (OLD.state = 'PAID' AND NEW.state = 'RETURNED' AND NEW.settled_at = OLD.settled_at))
    EXECUTE FUNCTION wallet_append_only();
"""
RETURNED = """
CREATE TRIGGER returned_from_paid BEFORE UPDATE ON wallet_withdrawal FOR EACH ROW
    WHEN (NEW.state = 'RETURNED' AND OLD.state NOT IN ('PAID', 'RETURNED'))
    EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER returned_kept BEFORE UPDATE ON wallet_withdrawal FOR EACH ROW
    WHEN (OLD.state = 'RETURNED'
          AND (NEW.returned_at, NEW.return_asked_by, NEW.return_reason, NEW.returned_by)
              IS DISTINCT FROM (OLD.returned_at, OLD.return_asked_by, OLD.return_reason, OLD.returned_by))
    EXECUTE FUNCTION wallet_append_only();
"""
DROP_RETURNED = """
DROP TRIGGER returned_kept ON wallet_withdrawal;
DROP TRIGGER returned_from_paid ON wallet_withdrawal;
"""
DROP_SETTLED = "DROP TRIGGER settled_kept ON wallet_withdrawal;"
COLUMNS = """
    SELECT id AS withdrawal_id, client_id, wallet_id, amount, currency, destination, account_id AS kgen_account_id,
           rail, state, review, created_at, updated_at, settled_at, tries, approved_by, rejected_by, resolved_by,
           block_number, transaction_hash, gas_fee"""
# Without the maker's reason: operators write it freely, and no view holds personal data.
VIEW = f"""
CREATE OR REPLACE VIEW audit.withdrawal AS {COLUMNS}, returned_at, return_asked_by, returned_by
      FROM wallet_withdrawal;
"""
OLD_VIEW = f"""
DROP VIEW audit.withdrawal;
CREATE VIEW audit.withdrawal AS {COLUMNS}
      FROM wallet_withdrawal;
"""
OPEN = ["REQUESTED", "AWAITING_APPROVAL", "SENDING", "NEEDS_REVIEW"]


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0013_client_lists"),
    ]

    operations = [
        migrations.AlterField(
            model_name="withdrawal",
            name="state",
            field=models.CharField(
                choices=[
                    ("REQUESTED", "Requested"),
                    ("AWAITING_APPROVAL", "Awaiting Approval"),
                    ("SENDING", "Sending"),
                    ("NEEDS_REVIEW", "Needs Review"),
                    ("PAID", "Paid"),
                    ("FAILED", "Failed"),
                    ("RETURNED", "Returned"),
                ],
                default="REQUESTED",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="withdrawal",
            name="settled_at",
            field=models.DateTimeField(help_text="paid or failed", null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="returned_at",
            field=models.DateTimeField(help_text="the payout came back", null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="return_asked_by",
            field=models.BigIntegerField(help_text="operator who asks to mark it returned, the maker", null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="return_reason",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="the maker's evidence", max_length=500
            ),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="returned_by",
            field=models.BigIntegerField(help_text="operator who confirmed that, the checker", null=True),
        ),
        migrations.RemoveConstraint(model_name="withdrawal", name="withdrawal_settled_has_time"),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("state__in", OPEN)),
                    models.Q(("settled_at__isnull", False), ("state__in", ["PAID", "FAILED", "RETURNED"])),
                    _connector="OR",
                ),
                name="withdrawal_settled_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("rail", "http"), ("returned_at__isnull", False), ("state", "RETURNED")),
                    models.Q(
                        models.Q(("state", "RETURNED"), _negated=True), ("returned_at", None), ("returned_by", None)
                    ),
                    _connector="OR",
                ),
                name="withdrawal_returned_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("return_asked_by", None), ("return_reason", "")),
                    models.Q(
                        django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length(
                                django.db.models.functions.text.Trim("return_reason")
                            ),
                            3,
                        ),
                        ("rail", "http"),
                        ("return_asked_by__isnull", False),
                        ("state__in", ["PAID", "RETURNED"]),
                    ),
                    _connector="OR",
                ),
                name="withdrawal_return_asked_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("returned_by", None),
                    models.Q(
                        ("return_asked_by__isnull", False),
                        ("returned_by__isnull", False),
                        models.Q(("returned_by", models.F("return_asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="withdrawal_return_four_eyes",
            ),
        ),
        migrations.RemoveIndex(model_name="withdrawal", name="withdrawals_settled"),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                models.F("wallet"),
                models.OrderBy(
                    django.db.models.functions.comparison.Coalesce("returned_at", "settled_at"), descending=True
                ),
                name="withdrawals_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("return_asked_by__isnull", False), ("state", "PAID")),
                fields=["created_at", "id"],
                name="withdrawals_return_asked",
            ),
        ),
        migrations.RunSQL(DROP_SETTLED + SETTLED + RETURNED, DROP_RETURNED + DROP_SETTLED + OLD_SETTLED),
        migrations.RunSQL(VIEW, OLD_VIEW),
    ]
