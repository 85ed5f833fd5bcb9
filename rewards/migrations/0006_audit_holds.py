"""Auditors see the steps of holds; rewards are found by their day."""

from django.db import migrations

VIEW = """
CREATE VIEW audit.hold_step AS
    SELECT id AS hold_step_id, client_id, reward_id, act, operator_id AS done_by, done_at FROM rewards_holdstep;
"""
# A few pages for millions of rows: they come in the order of time.
BY_TIME = """
CREATE INDEX rewards_by_time ON rewards_reward USING brin (created_at) WITH (autosummarize, pages_per_range = 32);
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0005_lean_keys")]
    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW audit.hold_step;"),
        migrations.RunSQL(BY_TIME, "DROP INDEX rewards_by_time;"),
    ]
