"""Web pages that call: the origins of a client, secrets of kind sessions, and the gamers made with them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0006_devices"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="origins",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="web pages whose games may call", max_length=4000
            ),
        ),
        migrations.AddField(
            model_name="clientsecret",
            name="kind",
            field=models.CharField(
                choices=[
                    ("server", "server: every call of the studio's server"),
                    ("sessions", "sessions: a web page opens the sessions of its own visitors, and nothing else"),
                ],
                db_default="server",
                default="server",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="gamer",
            name="made_by_page",
            field=models.BooleanField(
                db_default=False, default=False, help_text="first made with a secret of kind sessions"
            ),
        ),
        migrations.RemoveConstraint(model_name="clientsecret", name="two_live_secrets"),
        migrations.AddConstraint(
            model_name="clientsecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None)),
                fields=("client", "kind", "slot"),
                name="two_live_secrets_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientsecret",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["server", "sessions"])), name="secret_kinds"
            ),
        ),
    ]
