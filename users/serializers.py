"""Request and response bodies of sessions, phones and suspensions (contract, sections 2, 7 and 8)."""

from typing import Any

from rest_framework import serializers

from kgen.api.fields import (
    LONGEST_TEXT,
    LONGEST_USER_ID,
    MAX_INTEGER,
    ProfileText,
    RequestBody,
    Text,
    UserId,
    WholeNumber,
    is_clean_reference,
)
from kgen.api.json import moment
from users.digits import read_digits
from users.models import PROFILE_NUMBERS, PROFILE_TEXTS, Gamer, KGenAccount
from users.services import OpenedSession, Registered, Tokens


class SessionIn(RequestBody):
    """A session call. A profile field that is left out keeps its stored value."""

    user_id = UserId()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        texts = {name: ProfileText() for name in PROFILE_TEXTS}
        bounds: dict[str, Any] = {"min_value": -MAX_INTEGER, "max_value": MAX_INTEGER}
        numbers = {name: WholeNumber(required=False, **bounds) for name in PROFILE_NUMBERS}
        return super().get_fields() | texts | numbers

    def to_internal_value(self, data: Any) -> Any:
        # Older clients call it gamer_id.
        if isinstance(data, dict) and data.get("user_id") is None and data.get("gamer_id") is not None:
            data = data | {"user_id": data["gamer_id"]}
        profile: dict[str, Any] = super().to_internal_value(data)
        return {"user_id": profile.pop("user_id"), "profile": profile}


def read_plain_session(body: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """`user_id` and profile as `SessionIn` reads them; None unless each member is plainly of its type."""
    user_id = body.get("user_id")
    if type(user_id) is not str or len(user_id) > LONGEST_USER_ID or not is_clean_reference(user_id):
        return None
    profile = {name: body[name] for name in _PROFILE & body.keys() if body[name] is not None}
    for name, value in profile.items():
        if name in PROFILE_NUMBERS:
            is_plain = type(value) is int and abs(value) <= MAX_INTEGER
        else:
            is_plain = type(value) is str and len(value) <= LONGEST_TEXT
        if not is_plain:
            return None
    return user_id, profile


_PROFILE = frozenset([*PROFILE_TEXTS, *PROFILE_NUMBERS])


class UserIdIn(RequestBody):
    """Names a gamer."""

    user_id = UserId()


class RefreshIn(RequestBody):
    """A refresh token."""

    # Long enough for an access token sent by mistake, which is a wrong credential like any other.
    refresh_token = Text(max_length=4000)


class ReasonIn(RequestBody):
    """The reason of an action."""

    reason = Text(max_length=500)


class Digits(Text):
    """A code as text or as a number, in any script's digits. Any other text counts as a wrong code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 100} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        given = super().run_validation(str(data) if type(data) is int else data)
        return read_digits(given) if isinstance(given, str) else given


class PhoneIn(RequestBody):
    """A phone number as its owner writes it."""

    phone_number = Text(max_length=100, help_text="the national number, or all of it with +")
    countryCode = Text(
        source="country_code", max_length=100, default="", allow_blank=True, help_text="+91, 91 or IN; not after a +"
    )


class VerifyIn(PhoneIn):
    """A phone and the code that was sent to it."""

    authCode = Digits(source="auth_code", help_text="from the register call; text or number")
    otp = Digits(source="code", help_text="from the message; text or number")


class RegisteredOut(serializers.Serializer[Any]):
    """A code was sent."""

    authCode = serializers.CharField()
    isNewUser = serializers.BooleanField(help_text="the phone is new to KGeN")


class LinkedPhoneOut(serializers.Serializer[Any]):
    """A gamer's phone and KGeN account."""

    UserID = serializers.CharField()
    NameSpacedThirdPartyUserID = serializers.CharField()
    WalletAddress = serializers.CharField()
    IndiggWalletAddress = serializers.CharField()
    LinkedPhone = serializers.CharField()
    KGenID = serializers.CharField()


class StoreAddressOut(serializers.Serializer[Any]):
    """Where to send the gamer."""

    url = serializers.CharField(help_text="the client's store with a code, which works once, for 60 seconds")


class StoreGamerOut(serializers.Serializer[Any]):
    """The gamer of a store code."""

    user_id = serializers.CharField()
    namespaced_third_party_user_id = serializers.CharField()
    wallet_address = serializers.CharField()
    indigg_id = serializers.CharField(allow_null=True, help_text="null if the phone was unlinked meanwhile")
    indigg_wallet_address = serializers.CharField(allow_blank=True)


class DroppedOut(serializers.Serializer[Any]):
    """The event is stored."""

    msg = serializers.CharField()


class TokensOut(serializers.Serializer[Any]):
    """A new pair."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()


class SessionOut(serializers.Serializer[Any]):
    """A gamer's session."""

    session_id = serializers.UUIDField()
    user_id = serializers.CharField()
    indigg_id = serializers.CharField(allow_null=True)
    indigg_wallet_address = serializers.CharField(allow_blank=True)
    third_party_client_id = serializers.UUIDField()
    third_party_client_name = serializers.CharField()
    namespaced_third_party_user_id = serializers.CharField()
    wallet_address = serializers.CharField()
    is_new_user = serializers.BooleanField()
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    linked_phone = serializers.CharField(allow_blank=True)
    session_start_time = serializers.DateTimeField()
    token = serializers.CharField(help_text="= access_token, for older clients")
    gamer_id = serializers.CharField(help_text="= user_id, for older clients")
    appId = serializers.UUIDField(help_text="= third_party_client_id, for older clients")
    linkedMobileNumber = serializers.CharField(allow_blank=True, help_text="= linked_phone, for older clients")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        texts = {name: serializers.CharField(allow_blank=True) for name in PROFILE_TEXTS}
        numbers = {name: serializers.IntegerField() for name in PROFILE_NUMBERS}
        return super().get_fields() | texts | numbers


def session_wire(opened: OpenedSession) -> dict[str, Any]:
    """An opened session as `SessionOut`."""
    gamer, client = opened.gamer, opened.session.client
    account = gamer.kgen_account
    linked_phone = account.phone if account else ""
    return {
        "session_id": opened.session.id,
        "user_id": gamer.user_id,
        **{name: getattr(gamer, name) for name in (*PROFILE_TEXTS, *PROFILE_NUMBERS)},
        "indigg_id": account.id if account else None,
        "indigg_wallet_address": account.address if account else "",
        "third_party_client_id": client.id,
        "third_party_client_name": client.name,
        "namespaced_third_party_user_id": gamer.namespaced_user_id,
        "wallet_address": gamer.wallet.address,
        "is_new_user": opened.is_new_user,
        "access_token": opened.tokens.access,
        "refresh_token": opened.tokens.refresh,
        "linked_phone": linked_phone,
        "session_start_time": moment(opened.session.started_at),
        "token": opened.tokens.access,
        "gamer_id": gamer.user_id,
        "appId": client.id,
        "linkedMobileNumber": linked_phone,
    }


def tokens_wire(pair: Tokens) -> dict[str, Any]:
    """A pair as `TokensOut`."""
    return {"access_token": pair.access, "refresh_token": pair.refresh}


def registered_wire(registered: Registered) -> dict[str, Any]:
    """A challenge as `RegisteredOut`."""
    return {"authCode": registered.auth_code, "isNewUser": registered.is_new_user}


def linked_phone_wire(gamer: Gamer, account: KGenAccount) -> dict[str, Any]:
    """A link as `LinkedPhoneOut`."""
    return {
        "UserID": gamer.user_id,
        "NameSpacedThirdPartyUserID": gamer.namespaced_user_id,
        "WalletAddress": gamer.wallet.address,
        "IndiggWalletAddress": account.address,
        "LinkedPhone": account.phone,
        "KGenID": account.id,
    }


def store_gamer_wire(gamer: Gamer) -> dict[str, Any]:
    """The gamer of a store code as `StoreGamerOut`."""
    account = gamer.kgen_account
    return {
        "user_id": gamer.user_id,
        "namespaced_third_party_user_id": gamer.namespaced_user_id,
        "wallet_address": gamer.wallet.address,
        "indigg_id": account.id if account else None,
        "indigg_wallet_address": account.address if account else "",
    }
