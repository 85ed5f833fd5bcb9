"""Store codes: the game sends a gamer to the store with a code, the store's server redeems it."""

from datetime import timedelta

from kgen.clock import ClockTimestamp, database_now
from kgen.errors import RecordNotFound
from kgen.transactions import transactional
from users import secrets, stores
from users.models import Client, Gamer, StoreCode
from users.selectors.stores import gamer_of_code, store_codes_to_forget, store_of
from wallet.errors import PhoneNotLinked

CODE_LIFE = timedelta(seconds=60)
FORGOTTEN_AT_ONCE = 1000


@transactional
def make_store_address(*, gamer: Gamer) -> str:
    """Make the address of the client's store with a new code, which works once and for 60 s.

    :raises RecordNotFound: the client has no store.
    :raises PhoneNotLinked: the gamer has no KGeN account.
    """
    store = store_of(gamer)
    if not store.url:
        raise RecordNotFound()
    if not store.is_linked:
        raise PhoneNotLinked()
    code = stores.new_code()
    StoreCode.objects.create(
        client_id=gamer.client_id,
        gamer_id=gamer.pk,
        digest=secrets.store_code_digest(code),
        expires_at=database_now() + CODE_LIFE,
    )
    return stores.with_code(store.url, code)


@transactional
def redeem_store_code(*, client: Client, code: str) -> Gamer:
    """Use a code. Returns its gamer with wallet and KGeN account. Of concurrent calls exactly one succeeds.

    :raises RecordNotFound: the code is unknown, used, late or another client's.
    """
    digest = secrets.store_code_digest(code)
    # A call that waited for another one's row lock judges the row again: both conditions are in the UPDATE.
    live = StoreCode.objects.filter(client=client, digest=digest, used_at=None, expires_at__gt=ClockTimestamp())
    if not live.update(used_at=ClockTimestamp()):
        raise RecordNotFound()
    return gamer_of_code(client, digest)


@transactional
def forget_store_codes() -> None:
    """Duty: remove codes that have expired."""
    due = store_codes_to_forget(database_now()).select_for_update(skip_locked=True)[:FORGOTTEN_AT_ONCE]
    StoreCode.objects.filter(pk__in=list(due.values_list("pk", flat=True))).delete()
