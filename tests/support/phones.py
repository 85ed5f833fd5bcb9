"""A gamer's phone over real HTTP: codes are asked for, read at the gateway and given back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F

from tests.support import sms
from tests.support.http import Answer, GamerCaller
from users.models import CodeGuard, PhoneChallenge, PhoneLink, SmsMessage
from users.services import send_due_messages


@dataclass
class Phone:
    """A phone, held by whoever reads what the gateway got."""

    gateway: sms.SmsGateway
    number: str = "8000000001"

    @property
    def e164(self) -> str:
        """As it is stored."""
        return f"+91{self.number}"

    def body(self, **more: Any) -> dict[str, Any]:
        """The request that names it."""
        return {"phone_number": self.number, "countryCode": "+91"} | more

    def register(self, gamer: GamerCaller) -> Answer:
        """Ask for a code and have it sent."""
        answer = gamer.post("/fe/users/auth/otp/register", self.body())
        send_due_messages()
        return answer

    def code(self) -> str:
        """The newest code."""
        return self.gateway.code(self.e164)

    def verify(self, gamer: GamerCaller, auth_code: Any, code: Any) -> Answer:
        """Give the code back."""
        return gamer.post("/fe/users/auth/otp/verify", self.body(authCode=auth_code, otp=code))

    def link(self, gamer: GamerCaller) -> Answer:
        """Ask, read, give back."""
        auth_code = self.register(gamer).ok()["authCode"]
        return self.verify(gamer, auth_code, self.code())


def wrong(code: str) -> str:
    """Another code."""
    return str((int(code) - 100_000 + 1) % 900_000 + 100_000)


def let_pass(**time: Any) -> None:
    """Move everything that codes have written into the past."""
    past = timedelta(**time)
    for row in PhoneChallenge.objects.all():
        used_at = row.used_at and row.used_at - past
        PhoneChallenge.objects.filter(pk=row.pk).update(
            created_at=row.created_at - past, expires_at=row.expires_at - past, used_at=used_at
        )
    PhoneLink.objects.update(linked_at=F("linked_at") - past)
    SmsMessage.objects.update(due_at=F("due_at") - past)
    CodeGuard.objects.filter(locked_until__isnull=False).update(locked_until=F("locked_until") - past)
