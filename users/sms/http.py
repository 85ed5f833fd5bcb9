"""Any gateway that accepts `POST {"to", "text", "code"}` at SMS_URL and answers with 2xx."""

from django.conf import settings

from users.sms import transport
from users.sms.message import Message


def send(message: Message) -> None:
    """Raises as `users.sms.send`. The Idempotency-Key is the same on every attempt, for gateways that honour it."""
    transport.post(
        settings.SMS_URL,
        json={"to": message.to, "text": message.text, "code": message.code},
        headers={"Idempotency-Key": str(message.id)},
    )
