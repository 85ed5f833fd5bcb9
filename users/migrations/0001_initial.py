import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import kgen.constraints
import uuid
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('wallet', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Operator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('active', models.BooleanField(default=True, help_text='off: every call is refused, in the game and from the studio')),
                ('currency', models.CharField(default='KCASH', max_length=12)),
                ('welcome_bonus', models.BigIntegerField(default=50, help_text='bonus money of a new gamer, whole units')),
                ('minimum_withdrawal', models.BigIntegerField(default=0)),
                ('sponsorship_limit', models.BigIntegerField(default=1000000, help_text="how far sponsored tournaments may take the sponsor's account below zero")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('minimum_withdrawal__gte', 0), ('sponsorship_limit__gte', 0), ('welcome_bonus__gte', 0)), name='client_amounts_not_negative'), models.CheckConstraint(condition=models.Q(('welcome_bonus__lte', 1000000000000)), name='client_bonus_bound'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z][A-Z0-9]{1,11}$')), name='client_currency_form')],
            },
        ),
        migrations.CreateModel(
            name='Gamer',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.CharField(help_text="the studio's own id, byte for byte", max_length=128)),
                ('suspended_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('name', models.CharField(blank=True, default='', max_length=500)),
                ('username', models.CharField(blank=True, default='', max_length=500)),
                ('email', models.CharField(blank=True, default='', max_length=500)),
                ('device_id', models.CharField(blank=True, default='', max_length=500)),
                ('phonenumber', models.CharField(blank=True, default='', max_length=500)),
                ('date_joined', models.CharField(blank=True, default='', max_length=500)),
                ('playertag', models.CharField(blank=True, default='', max_length=500)),
                ('location', models.CharField(blank=True, default='', max_length=500)),
                ('location_name', models.CharField(blank=True, default='', max_length=500)),
                ('device_model', models.CharField(blank=True, default='', max_length=500)),
                ('screen_height', models.CharField(blank=True, default='', max_length=500)),
                ('screen_width', models.CharField(blank=True, default='', max_length=500)),
                ('os_name', models.CharField(blank=True, default='', max_length=500)),
                ('os_version', models.CharField(blank=True, default='', max_length=500)),
                ('browser_name', models.CharField(blank=True, default='', max_length=500)),
                ('fb_login', models.CharField(blank=True, default='', max_length=500)),
                ('google_login', models.CharField(blank=True, default='', max_length=500)),
                ('app_version', models.CharField(blank=True, default='', max_length=500)),
                ('level', models.BigIntegerField(default=0)),
                ('rank', models.BigIntegerField(default=0)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('wallet', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to='wallet.wallet')),
            ],
        ),
        migrations.CreateModel(
            name='GamerSession',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, default='', max_length=20)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('gamer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.gamer')),
            ],
        ),
        migrations.CreateModel(
            name='NewGamers',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('slot', models.PositiveSmallIntegerField()),
                ('count', models.PositiveIntegerField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
            ],
        ),
        migrations.CreateModel(
            name='RefreshFamily',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('generation', models.BigIntegerField(default=0, help_text='of the newest token')),
                ('rotated_at', models.DateTimeField()),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='users.gamersession')),
            ],
        ),
        migrations.CreateModel(
            name='Suspension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=500)),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lift_reason', models.CharField(blank=True, default='', max_length=500)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.client')),
                ('gamer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspensions', to='users.gamer')),
            ],
        ),
        migrations.CreateModel(
            name='ClientSecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot', models.PositiveSmallIntegerField()),
                ('digest', models.BinaryField(max_length=32)),
                ('hint', models.CharField(help_text='its first characters, to tell secrets apart', max_length=12)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='secrets', to='users.client')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('client', 'slot'), name='two_live_secrets'), models.CheckConstraint(condition=models.Q(('slot__in', [1, 2])), name='secret_slots')],
            },
        ),
        migrations.AddIndex(
            model_name='gamer',
            index=models.Index(fields=['client', '-created_at'], name='newest_gamers'),
        ),
        migrations.AddConstraint(
            model_name='gamer',
            constraint=models.UniqueConstraint(fields=('client', 'user_id'), name='one_gamer_per_user_id'),
        ),
        migrations.AddConstraint(
            model_name='gamer',
            constraint=models.UniqueConstraint(fields=('client', 'id'), name='gamer_of_client'),
        ),
        migrations.AddIndex(
            model_name='gamersession',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['expires_at'], name='sessions_to_expire'),
        ),
        migrations.AddConstraint(
            model_name='gamersession',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('gamer',), name='one_live_session'),
        ),
        migrations.AddConstraint(
            model_name='gamersession',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('started_at'))), name='session_has_length'),
        ),
        migrations.AddConstraint(
            model_name='newgamers',
            constraint=models.UniqueConstraint(fields=('client', 'day', 'slot'), name='new_gamers_slot'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('gamer',), name='one_open_suspension'),
        ),
        migrations.AddConstraint(
            model_name='gamer',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'wallet_id'], name='gamer_wallet_same_client', to_columns=['client_id', 'id'], to_table='wallet_wallet'),
        ),
        migrations.AddConstraint(
            model_name='gamersession',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'gamer_id'], name='session_gamer_same_client', to_columns=['client_id', 'id'], to_table='users_gamer'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=kgen.constraints.CompositeForeignKey(columns=['client_id', 'gamer_id'], name='suspension_gamer_same_client', to_columns=['client_id', 'id'], to_table='users_gamer'),
        ),
    ]
