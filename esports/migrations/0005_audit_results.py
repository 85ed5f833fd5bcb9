"""Auditors see how tournaments ended: columns are appended, the others stay as they are."""

from django.db import migrations

BEFORE = """
CREATE OR REPLACE VIEW audit.tournament AS
    SELECT t.id AS tournament_id, t.client_id, t.currency, t.buy_in_price, t.min_participants, t.sponsored_amount,
           t.prize_table, t.tie_rule, t.escrow_id AS escrow_account_id, s.size, s.taken AS field_size,
           t.schedules_at, t.moves_to_lobby_at, t.starts_at, t.locks_at, t.ends_at, t.published_at,
           t.cancelled_at, t.refunded_at, t.created_at{tournament}
      FROM esports_tournament t JOIN esports_seats s ON s.tournament_id = t.id;
CREATE OR REPLACE VIEW audit.participation AS
    SELECT id AS participation_id, client_id, tournament_id, gamer_id, stake, joined_at, left_at, refunded_at,
           score, reached_at{participation}
      FROM esports_participation;
"""
AFTER = BEFORE.format(tournament=", t.settled_at", participation=", final_rank, prize")
UNDO = "DROP VIEW audit.participation; DROP VIEW audit.tournament;" + BEFORE.format(tournament="", participation="")


class Migration(migrations.Migration):
    dependencies = [("esports", "0004_announced")]
    operations = [migrations.RunSQL(AFTER, UNDO)]
