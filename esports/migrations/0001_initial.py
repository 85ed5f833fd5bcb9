import django.db.models.deletion
import django.db.models.functions.comparison
import kgen.constraints
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('users', '0001_initial'),
        ('wallet', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tournament',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, default='', max_length=4000)),
                ('mode', models.CharField(default='Quick', max_length=200)),
                ('buy_in_price', models.BigIntegerField(help_text="whole units of the client's currency")),
                ('currency', models.CharField(max_length=12)),
                ('min_participants', models.IntegerField(default=3)),
                ('schedules_at', models.DateTimeField()),
                ('moves_to_lobby_at', models.DateTimeField()),
                ('starts_at', models.DateTimeField()),
                ('locks_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('original_locks_at', models.DateTimeField(help_text='before any extension')),
                ('original_ends_at', models.DateTimeField(help_text='before any extension')),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('cancel_reason', models.CharField(blank=True, default='', max_length=500)),
                ('refunded_at', models.DateTimeField(blank=True, help_text="a cancelled one's stakes are all back", null=True)),
                ('over_at', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Least('ends_at', 'cancelled_at'), output_field=models.DateTimeField())),
                ('score_order', models.CharField(choices=[('desc', 'Desc'), ('asc', 'Asc')], default='desc', max_length=4)),
                ('score_operator', models.CharField(choices=[('latest', 'Latest'), ('best', 'Best'), ('sum', 'Sum')], default='latest', max_length=6)),
                ('score_source', models.CharField(choices=[('any', 'Any'), ('server', 'Server')], default='any', max_length=6)),
                ('score_min', models.BigIntegerField(blank=True, null=True)),
                ('score_max', models.BigIntegerField(blank=True, null=True)),
                ('prize_table', models.JSONField()),
                ('tie_rule', models.CharField(choices=[('first_to_reach', 'First To Reach'), ('split', 'Split')], default='first_to_reach', max_length=14)),
                ('sponsored_amount', models.BigIntegerField(default=0)),
                ('settlement_delay_seconds', models.IntegerField(default=0)),
                ('revision', models.IntegerField(default=1, help_text="counts changes; names sponsorship's ledger references")),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('escrow', models.ForeignKey(help_text='holds stakes and sponsorship', on_delete=django.db.models.deletion.PROTECT, to='wallet.account')),
            ],
        ),
        migrations.CreateModel(
            name='Participation',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('stake', models.BigIntegerField()),
                ('joined_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('refunded_at', models.DateTimeField(blank=True, help_text='the tournament was cancelled', null=True)),
                ('score', models.BigIntegerField(blank=True, null=True)),
                ('reached_at', models.DateTimeField(blank=True, help_text='when the standing took its present value', null=True)),
                ('rank_key', models.BigIntegerField(blank=True, help_text='smaller is better, in either order', null=True)),
                ('changed_xid', models.BigIntegerField(blank=True, help_text='transaction that last changed the standing: how rank caches catch up', null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('gamer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.gamer')),
                ('tournament', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='esports.tournament')),
            ],
        ),
        migrations.CreateModel(
            name='PrizeTable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('table', models.JSONField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'name'), name='one_prize_table_per_name')],
            },
        ),
        migrations.CreateModel(
            name='ScoreEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.BigIntegerField()),
                ('event_id', models.CharField(blank=True, max_length=128, null=True)),
                ('source', models.CharField(choices=[('gamer', 'gamer'), ('server', 'server')], max_length=6)),
                ('accepted_at', models.DateTimeField()),
                ('standing', models.BigIntegerField(help_text='the score after it')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('participation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='esports.participation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('event_id__isnull', False)), fields=('participation', 'event_id'), name='one_event_per_id')],
            },
        ),
        migrations.CreateModel(
            name='Seats',
            fields=[
                ('tournament', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='seats', serialize=False, to='esports.tournament')),
                ('size', models.IntegerField()),
                ('taken', models.IntegerField(default=0)),
                ('ever_taken', models.BooleanField(default=False, help_text='somebody joined once, even if all have left')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('taken__gte', 0), ('taken__lte', models.F('size'))), name='seats_within_size'), models.CheckConstraint(condition=models.Q(('size__gte', 1), ('size__lte', 1000000)), name='seats_size_bounds')],
            },
        ),
        migrations.AddIndex(
            model_name='tournament',
            index=models.Index(fields=['client', '-created_at', '-id'], name='tournaments_newest'),
        ),
        migrations.AddIndex(
            model_name='tournament',
            index=models.Index(fields=['client', 'starts_at', 'id'], name='tournaments_by_start'),
        ),
        migrations.AddIndex(
            model_name='tournament',
            index=models.Index(fields=['client', 'ends_at', 'id'], name='tournaments_by_end'),
        ),
        migrations.AddIndex(
            model_name='tournament',
            index=models.Index(condition=models.Q(('refunded_at', None)), fields=['over_at'], name='tournaments_unbooked'),
        ),
        migrations.AddConstraint(
            model_name='tournament',
            constraint=models.UniqueConstraint(fields=('client', 'id'), name='tournament_of_client'),
        ),
        migrations.AddConstraint(
            model_name='tournament',
            constraint=models.CheckConstraint(condition=models.Q(('locks_at__lte', models.F('ends_at')), ('moves_to_lobby_at__lte', models.F('starts_at')), ('schedules_at__lte', models.F('moves_to_lobby_at')), ('starts_at__lte', models.F('locks_at'))), name='tournament_times_in_order'),
        ),
        migrations.AddConstraint(
            model_name='tournament',
            constraint=models.CheckConstraint(condition=models.Q(('buy_in_price__gte', 0), ('min_participants__gte', 1), ('sponsored_amount__gte', 0)), name='tournament_amounts_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='tournament',
            constraint=models.CheckConstraint(condition=models.Q(('settlement_delay_seconds__gte', 0), ('settlement_delay_seconds__lte', 604800)), name='tournament_settlement_delay'),
        ),
        migrations.AddConstraint(
            model_name='tournament',
            constraint=models.CheckConstraint(condition=models.Q(('score_min', None), ('score_max', None), ('score_min__lte', models.F('score_max')), _connector='OR'), name='tournament_score_bounds'),
        ),
        migrations.AddIndex(
            model_name='participation',
            index=models.Index(condition=models.Q(('rank_key__isnull', False)), fields=['tournament', 'rank_key', 'reached_at', 'joined_at', 'id'], name='ranking'),
        ),
        migrations.AddIndex(
            model_name='participation',
            index=models.Index(condition=models.Q(('changed_xid__isnull', False)), fields=['tournament', 'changed_xid'], name='standing_changes'),
        ),
        migrations.AddIndex(
            model_name='participation',
            index=models.Index(condition=models.Q(('left_at', None)), fields=['gamer', '-joined_at', '-id'], name='gamers_tournaments'),
        ),
        migrations.AddIndex(
            model_name='participation',
            index=models.Index(condition=models.Q(('left_at', None), ('refunded_at', None)), fields=['tournament', 'id'], name='participations_to_refund'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=models.UniqueConstraint(condition=models.Q(('left_at', None)), fields=('tournament', 'gamer'), name='one_live_stay'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=models.UniqueConstraint(fields=('client', 'id'), name='participation_of_client'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=models.CheckConstraint(condition=models.Q(('left_at', None), ('score', None), _connector='OR'), name='leave_only_without_score'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('rank_key', None), ('reached_at', None), ('score', None)), models.Q(('changed_xid__isnull', False), ('rank_key__isnull', False), ('reached_at__isnull', False), ('score__isnull', False)), _connector='OR'), name='standing_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=models.CheckConstraint(condition=models.Q(('stake__gte', 0)), name='stake_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='scoreevent',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'participation_id'], name='event_participation_client', to_columns=['client_id', 'id'], to_table='esports_participation'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'tournament_id'], name='participation_tournament_client', to_columns=['client_id', 'id'], to_table='esports_tournament'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'gamer_id'], name='participation_gamer_client', to_columns=['client_id', 'id'], to_table='users_gamer'),
        ),
    ]
