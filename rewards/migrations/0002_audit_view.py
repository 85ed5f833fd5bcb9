"""The auditors' view of rewards."""

from django.db import migrations

VIEW = """
CREATE VIEW audit.reward AS
    SELECT id AS reward_id, client_id, tournament_id, participation_id, gamer_id, rank, amount, currency, status,
           created_at, updated_at
      FROM rewards_reward;
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0001_initial"), ("wallet", "0002_append_only")]
    operations = [migrations.RunSQL(VIEW, "DROP VIEW audit.reward;")]
