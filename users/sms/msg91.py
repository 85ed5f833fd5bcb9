"""MSG91's flow call. The text is a registered template, as Indian law requires; the code is its variable."""

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
    """Check the body: MSG91 refuses with status 200, too."""
    try:
        kind = json.loads(body)["type"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PerhapsSent("unreadable answer") from None
    if kind == "error":
        raise NotSent("refused")
    if kind != "success":
        raise PerhapsSent("unknown answer")
