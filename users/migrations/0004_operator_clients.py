"""Operators may be limited to clients; the groups that are their roles. What a group may do: kgen.admin_site.groups."""

from django.db import migrations, models

ROLES = ("viewer", "support", "tournament manager", "finance", "admin")


def make_roles(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in ROLES:
        groups.get_or_create(name=name)


def remove_roles(apps, schema_editor):
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0003_phone_codes"),
    ]

    operations = [
        migrations.AddField(
            model_name="operator",
            name="clients",
            field=models.ManyToManyField(
                blank=True,
                help_text="limited to these games; none: all games",
                related_name="operators",
                to="users.client",
            ),
        ),
        migrations.RunPython(make_roles, remove_roles),
    ]
