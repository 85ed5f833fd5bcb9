"""MSG91's flow call: the text is a template registered with them (as Indian law asks), the code its variable."""

import json

from django.conf import settings

from users.sms import transport
from users.sms.message import Message, NotSent, PerhapsSent


def send(message: Message) -> None:
    """The template's variable is named OTP. Raises as `users.sms.send`."""
    recipient = {"mobiles": message.to.removeprefix("+"), "OTP": message.code}
    body = transport.post(
        f"{settings.SMS_MSG91_URL}/api/v5/flow",
        json={"template_id": settings.SMS_MSG91_TEMPLATE_ID, "short_url": "0", "recipients": [recipient]},
        headers={"authkey": settings.SMS_MSG91_AUTH_KEY},
    )
    _check(body)


def _check(body: bytes) -> None:
    """A refusal comes with 200 too; only the body tells."""
    try:
        kind = json.loads(body)["type"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PerhapsSent("unreadable answer") from None
    if kind == "error":
        raise NotSent("refused")
    if kind != "success":
        raise PerhapsSent("unknown answer")
