import django.db.models.deletion
import kgen.constraints
import uuid
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.UUIDField(help_text="whose gamer's it is; the ledger knows no more of that")),
                ('currency', models.CharField(max_length=12)),
                ('address', models.CharField(max_length=42, unique=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client_id', 'id'), name='wallet_of_client'), models.CheckConstraint(condition=models.Q(('address__regex', '^0x[0-9a-f]{40}$')), name='wallet_address_form')],
            },
        ),
        migrations.CreateModel(
            name='Transaction',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.UUIDField()),
                ('kind', models.CharField(choices=[('WELCOME_BONUS', 'Welcome Bonus'), ('JOIN', 'Join'), ('LEAVE', 'Leave'), ('REFUND', 'Refund'), ('REWARD', 'Reward'), ('WITHDRAW', 'Withdraw'), ('WITHDRAW_REVERSAL', 'Withdraw Reversal'), ('DEPOSIT', 'Deposit'), ('DEPOSIT_REVERSAL', 'Deposit Reversal'), ('ADJUSTMENT', 'Adjustment'), ('SPONSORSHIP', 'Sponsorship')], max_length=20)),
                ('reference', models.CharField(max_length=120, unique=True)),
                ('balance_after', models.BigIntegerField(help_text='bonus, bought and earned together', null=True)),
                ('created_at', models.DateTimeField(help_text="the database's clock, under the accounts' locks")),
                ('wallet', models.ForeignKey(help_text="the gamer's, if one takes part", null=True, on_delete=django.db.models.deletion.PROTECT, to='wallet.wallet')),
            ],
        ),
        migrations.CreateModel(
            name='Deposit',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.UUIDField()),
                ('reference', models.CharField(help_text="the studio's own", max_length=255)),
                ('amount', models.BigIntegerField()),
                ('created_at', models.DateTimeField()),
                ('wallet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='wallet.wallet')),
            ],
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.UUIDField()),
                ('kind', models.CharField(max_length=20)),
                ('currency', models.CharField(max_length=12)),
                ('owner_id', models.UUIDField(help_text='the tournament an escrow belongs to', null=True)),
                ('address', models.CharField(help_text="a system account's own", max_length=42, null=True, unique=True)),
                ('balance', models.BigIntegerField(null=True)),
                ('wallet', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='wallet.wallet')),
            ],
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=12)),
                ('amount', models.BigIntegerField()),
                ('source_balance', models.BigIntegerField(help_text='after it; null on a system account', null=True)),
                ('destination_balance', models.BigIntegerField(help_text='after it; null on a system account', null=True)),
                ('destination', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='received', to='wallet.account')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sent', to='wallet.account')),
                ('transaction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='wallet.transaction')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='posting_amount_positive'), models.CheckConstraint(condition=models.Q(('source', models.F('destination')), _negated=True), name='posting_moves')],
            },
        ),
        migrations.AddIndex(
            model_name='transaction',
            index=models.Index(fields=['wallet', '-created_at', '-id'], name='statement'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('balance_after', None), ('wallet', None)), models.Q(('balance_after__gte', 0), ('balance_after__isnull', False), ('wallet__isnull', False)), _connector='OR'), name='statement_has_balance'),
        ),
        migrations.AddConstraint(
            model_name='deposit',
            constraint=models.UniqueConstraint(fields=('client_id', 'reference'), name='deposit_reference'),
        ),
        migrations.AddConstraint(
            model_name='deposit',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='deposit_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(fields=('wallet', 'client_id', 'kind', 'currency', 'owner_id'), name='one_account_each', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(fields=('id', 'currency'), name='account_currency'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('balance__gte', 0)), name='balance_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address', None), ('balance__isnull', False), ('kind__in', ['bonus', 'bought', 'earned', 'held']), ('wallet__isnull', False)), models.Q(('balance__isnull', True), ('kind__in', ['promotions', 'sponsor', 'rewards_payable', 'house', 'deposits', 'payouts', 'escrow']), ('wallet__isnull', True), ('address__isnull', False), ('address__regex', '^0x[0-9a-f]{40}$')), _connector='OR'), name='gamer_accounts_carry_balances'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=kgen.constraints.CompositeForeignKey(columns=['source_id', 'currency'], name='posting_source_currency', to_columns=['id', 'currency'], to_table='wallet_account'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=kgen.constraints.CompositeForeignKey(columns=['destination_id', 'currency'], name='posting_destination_currency', to_columns=['id', 'currency'], to_table='wallet_account'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'wallet_id'], name='transaction_wallet_same_client', to_columns=['client_id', 'id'], to_table='wallet_wallet'),
        ),
        migrations.AddConstraint(
            model_name='deposit',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'wallet_id'], name='deposit_wallet_same_client', to_columns=['client_id', 'id'], to_table='wallet_wallet'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'wallet_id'], name='account_wallet_same_client', to_columns=['client_id', 'id'], to_table='wallet_wallet'),
        ),
    ]
