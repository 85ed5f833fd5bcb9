"""Codes that open a client's store for a gamer."""

from django.db import models
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from users.models.clients import Client
from users.models.gamers import Gamer


class StoreCode(models.Model):
    """A code for one visit to the store. The row has only its keyed digest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, models.PROTECT)
    gamer = models.ForeignKey(Gamer, models.PROTECT)
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="store_codes_by_age")]
        constraints = [
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="store_code_gamer_same_client",
            ),
        ]
