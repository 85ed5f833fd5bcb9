"""Any gateway that takes `POST {"to", "text", "code"}` at SMS_URL and answers with 2xx."""

from django.conf import settings

from users.sms import transport
from users.sms.message import Message


def send(message: Message) -> None:
    """The Idempotency-Key is the same on every try, for gateways that look at it. Raises as `users.sms.send`."""
    transport.post(
        settings.SMS_URL,
        json={"to": message.to, "text": message.text, "code": message.code},
        headers={"Idempotency-Key": str(message.id)},
    )
