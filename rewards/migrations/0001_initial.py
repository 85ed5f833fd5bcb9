import django.db.models.deletion
import kgen.constraints
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('esports', '0003_results'),
        ('users', '0002_phone_link'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reward',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('rank', models.IntegerField()),
                ('amount', models.BigIntegerField()),
                ('currency', models.CharField(max_length=12)),
                ('status', models.CharField(choices=[('UNCLAIMED', 'Unclaimed'), ('CLAIMED', 'Claimed'), ('EXPIRED', 'Expired')], default='UNCLAIMED', max_length=9)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('gamer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.gamer')),
                ('participation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to='esports.participation')),
                ('tournament', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='esports.tournament')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status', 'UNCLAIMED')), fields=['gamer', 'created_at', 'id'], name='rewards_to_claim'), models.Index(condition=models.Q(('status', 'UNCLAIMED')), fields=['client', 'created_at'], name='rewards_to_expire')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('rank__gte', 1)), name='reward_positive'), models.CheckConstraint(condition=models.Q(('status__in', ['UNCLAIMED', 'CLAIMED', 'EXPIRED'])), name='reward_status_known')],
            },
        ),
        migrations.CreateModel(
            name='Settlement',
            fields=[
                ('tournament', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='esports.tournament')),
                ('inputs', models.JSONField(help_text='all that the ranking depends on besides the score events')),
                ('ranked', models.IntegerField(help_text='gamers with a score')),
                ('winners', models.IntegerField()),
                ('prizes', models.BigIntegerField(help_text='what all winners get together')),
                ('to_house', models.BigIntegerField()),
                ('to_sponsor', models.BigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('settled_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('prizes__gte', 0), ('to_house__gte', 0), ('to_sponsor__gte', 0)), name='settlement_not_negative'), models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='settlement_hash_form')],
            },
        ),
        migrations.AddConstraint(
            model_name='reward',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'gamer_id'], name='reward_gamer_client', to_columns=['client_id', 'id'], to_table='users_gamer'),
        ),
        migrations.AddConstraint(
            model_name='reward',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'participation_id'], name='reward_participation_client', to_columns=['client_id', 'id'], to_table='esports_participation'),
        ),
        migrations.AddConstraint(
            model_name='reward',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'tournament_id'], name='reward_tournament_client', to_columns=['client_id', 'id'], to_table='esports_tournament'),
        ),
        migrations.AddConstraint(
            model_name='settlement',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'tournament_id'], name='settlement_tournament_client', to_columns=['client_id', 'id'], to_table='esports_tournament'),
        ),
    ]
