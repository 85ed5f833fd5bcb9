"""Phone links over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from kgen.api.json import answer
from kgen.api.schema import MessageOut, errors
from kgen.api.views import GamerViewSet, StudioViewSet
from users import services
from users.selectors import linked_account
from users.serializers import (
    LinkedPhoneOut,
    PhoneIn,
    ReasonIn,
    RegisteredOut,
    VerifyIn,
    linked_phone_wire,
    registered_wire,
)

_REFUSALS = ("GAMER_SUSPENDED", "INVALID_PHONE_NUMBER", "OTP_ATTEMPTS_EXCEEDED", "PHONE_ALREADY_LINKED")


@extend_schema(tags=["Phone link"])
class OtpViewSet(GamerViewSet):
    """Codes by SMS. Repeating a call needs no idempotency key: each code makes one link."""

    takes_idempotency_key = False

    @extend_schema(
        operation_id="otp_register",
        request=PhoneIn,
        responses={200: RegisteredOut, **errors(*_REFUSALS, "OTP_RESEND_TOO_SOON")},
    )
    @action(detail=False, methods=["post"])
    def register(self, request: Request) -> HttpResponse:
        """Send a code to a phone."""
        return self._send_code()

    @extend_schema(
        operation_id="otp_resend",
        request=PhoneIn,
        responses={200: RegisteredOut, **errors(*_REFUSALS, "OTP_RESEND_TOO_SOON")},
    )
    @action(detail=False, methods=["post"])
    def resend(self, request: Request) -> HttpResponse:
        """Send another code, which ends the previous one."""
        return self._send_code()

    @extend_schema(
        operation_id="otp_verify",
        request=VerifyIn,
        responses={200: MessageOut, **errors(*_REFUSALS, "INVALID_OTP")},
    )
    @action(detail=False, methods=["post"])
    def verify(self, request: Request) -> HttpResponse:
        """Link the phone with the code that was sent to it."""
        services.verify_phone(gamer=self.gamer, **self.parse(VerifyIn))
        return answer({"message": "Users linked successfully"})

    def _send_code(self) -> HttpResponse:
        return answer(registered_wire(services.register_phone(gamer=self.gamer, **self.parse(PhoneIn))))


@extend_schema(tags=["Phone link"])
class AccountViewSet(GamerViewSet):
    """The gamer's KGeN account."""

    @extend_schema(operation_id="linked_mobile_number", responses={200: LinkedPhoneOut, **errors("RECORD_NOT_FOUND")})
    @action(detail=False, url_path="linked-mobile-number")
    def linked_mobile_number(self, request: Request) -> HttpResponse:
        """The linked phone and the KGeN account behind it."""
        return answer(linked_phone_wire(self.gamer, linked_account(self.gamer)))


@extend_schema(tags=["Studio: gamers"])
class StudioPhoneViewSet(StudioViewSet):
    """A gamer's phone, for the studio's support."""

    lookup_url_kwarg = "user_id"
    lookup_value_regex = ".+"

    @extend_schema(
        operation_id="phone_unlink",
        request=ReasonIn,
        responses={200: MessageOut, **errors("RECORD_NOT_FOUND", "WRONG_STATE")},
    )
    @action(detail=True, methods=["delete"], url_path="linked-phone")
    def linked_phone(self, request: Request, user_id: str) -> HttpResponse:
        """Unlink a gamer's phone, unless a withdrawal is open."""
        services.unlink_phone(client=self.client, user_id=user_id, **self.parse(ReasonIn))
        return answer({"message": "phone unlinked"})
