"""Titles are searched by trigrams, entries by their day, and auditors see what referees ruled and voided."""

from django.db import migrations

BY_TRIGRAM = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX titles_by_trigram ON esports_tournament USING gin (upper(title) gin_trgm_ops);
"""
# A few pages for millions of rows: they come in the order of time.
BY_TIME = """
CREATE INDEX entries_by_time ON esports_participation USING brin (joined_at) WITH (autosummarize, pages_per_range = 32);
"""
VIEWS = """
CREATE VIEW audit.ruling AS
    SELECT id AS ruling_id, client_id, participation_id, act, operator_id AS ruled_by, ruled_at FROM esports_ruling;
CREATE VIEW audit.voided_score AS
    SELECT id AS score_id, client_id, participation_id, value, source, accepted_at, voided_by, voided_at
      FROM esports_scoreevent WHERE voided_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("esports", "0010_lean_keys")]
    operations = [
        migrations.RunSQL(BY_TRIGRAM, "DROP INDEX titles_by_trigram; DROP EXTENSION IF EXISTS pg_trgm;"),
        migrations.RunSQL(BY_TIME, "DROP INDEX entries_by_time;"),
        migrations.RunSQL(VIEWS, "DROP VIEW audit.voided_score; DROP VIEW audit.ruling;"),
    ]
