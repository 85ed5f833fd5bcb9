"""Text messages: one module a provider, each with a `send`. `SMS_PROVIDER` says which."""

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
    """Whether there is a provider at all."""
    return settings.SMS_PROVIDER in _PROVIDERS


def send(message: Message) -> None:
    """Hand the message to the provider, once. Call it with no transaction open.

    :raises NotSent: certainly not taken.
    :raises PerhapsSent: no clear answer; it may have been.
    """
    if not is_on():
        raise NotSent("no provider")
    _PROVIDERS[settings.SMS_PROVIDER](message)
