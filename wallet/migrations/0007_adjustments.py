"""Adjustments, their guards, and the auditors' view of them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import uuid_utils.compat
from django.db import migrations, models

import kgen.constraints

# An adjustment is never removed, what was asked for never changes, and it is decided once.
GUARDS = """
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON wallet_adjustment
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER request_kept
    BEFORE UPDATE OF id, client_id, wallet_id, bucket, direction, amount, reason, requested_by, created_at
    ON wallet_adjustment FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER decided_once BEFORE UPDATE ON wallet_adjustment FOR EACH ROW
    WHEN (OLD.state <> 'REQUESTED') EXECUTE FUNCTION wallet_append_only();
"""
UNDO = """
DROP TRIGGER decided_once ON wallet_adjustment;
DROP TRIGGER request_kept ON wallet_adjustment;
DROP TRIGGER kept ON wallet_adjustment;
"""
# Without reason and note: operators write them freely, and no view holds personal data.
VIEW = """
CREATE VIEW audit.adjustment AS
    SELECT a.id AS adjustment_id, a.client_id, a.wallet_id, w.currency, a.bucket, a.direction, a.amount, a.state,
           a.requested_by, a.created_at, a.decided_by, a.decided_at
      FROM wallet_adjustment a JOIN wallet_wallet w ON w.id = a.wallet_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0006_guard_deposits"),
    ]

    operations = [
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                (
                    "bucket",
                    models.CharField(
                        choices=[("bonus", "Bonus"), ("bought", "Bought"), ("earned", "Earned")], max_length=20
                    ),
                ),
                ("direction", models.CharField(choices=[("CREDIT", "Credit"), ("DEBIT", "Debit")], max_length=6)),
                ("amount", models.BigIntegerField()),
                ("reason", models.CharField(help_text="the maker's", max_length=500)),
                ("requested_by", models.BigIntegerField(help_text="operator, the maker")),
                ("created_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("REQUESTED", "Requested"),
                            ("APPROVED", "Approved"),
                            ("REJECTED", "Rejected"),
                            ("CANCELLED", "Cancelled"),
                        ],
                        default="REQUESTED",
                        max_length=9,
                    ),
                ),
                (
                    "decided_by",
                    models.BigIntegerField(help_text="operator: the checker; of a cancelled one the maker", null=True),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, default="", help_text="why it was so decided", max_length=500)),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="adjustments", to="wallet.wallet"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 1), ("amount__lte", 4503599627370496)),
                        name="adjustment_amount_in_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("bucket__in", ("bonus", "bought", "earned"))),
                        name="adjustment_bucket_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["CREDIT", "DEBIT"])), name="adjustment_direction_known"
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length(django.db.models.functions.text.Trim("reason")), 3
                        ),
                        name="adjustment_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by", None), ("note", ""), ("state", "REQUESTED")),
                            models.Q(
                                django.db.models.lookups.GreaterThanOrEqual(
                                    django.db.models.functions.text.Length(
                                        django.db.models.functions.text.Trim("note")
                                    ),
                                    3,
                                ),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("state__in", ["APPROVED", "REJECTED", "CANCELLED"]),
                            ),
                            _connector="OR",
                        ),
                        name="adjustment_decision_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["APPROVED", "REJECTED"]), _negated=True),
                            models.Q(
                                ("decided_by__isnull", False),
                                models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="adjustment_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "CANCELLED"), _negated=True),
                            ("decided_by", models.F("requested_by")),
                            _connector="OR",
                        ),
                        name="adjustment_cancelled_by_maker",
                    ),
                    kgen.constraints.CompositeForeignKey(
                        columns=["client_id", "wallet_id"],
                        name="adjustment_wallet_same_client",
                        to_columns=["client_id", "id"],
                        to_table="wallet_wallet",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
        migrations.RunSQL(VIEW, "DROP VIEW audit.adjustment"),
    ]
