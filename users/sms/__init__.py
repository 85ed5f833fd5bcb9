"""Text messages: one module per provider, each with a `send`. `SMS_PROVIDER` selects one."""

from collections.abc import Callable

from django.conf import settings

from users.sms import console, http, msg91, twilio
from users.sms.message import Message, NotSent, PerhapsSent

__all__ = ["Message", "NotSent", "PerhapsSent", "is_on", "send"]

_PROVIDERS: dict[str, Callable[[Message], None]] = {
    "console": console.send,
    "http": http.send,
    "twilio": twilio.send,
    "msg91": msg91.send,
}


def is_on() -> bool:
    """Whether a provider is configured."""
    return settings.SMS_PROVIDER in _PROVIDERS


def send(message: Message) -> None:
    """Hand the message to the provider, once. Call it with no transaction open.

    :raises NotSent: the provider has certainly not accepted it.
    :raises PerhapsSent: the provider may have accepted it.
    """
    if not is_on():
        raise NotSent("no provider")
    _PROVIDERS[settings.SMS_PROVIDER](message)
