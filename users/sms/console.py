"""Writes messages to the log and to $KGEN_HOME/sms.log: for one's own machine only (settings see to that)."""

import json
import os

import structlog
from django.conf import settings

from users.sms.message import Message

log = structlog.get_logger(__name__)


def send(message: Message) -> None:
    """Append one line of JSON, the same object that the http provider posts; only the owner can read the file."""
    line = json.dumps({"to": message.to, "text": message.text, "code": message.code}) + "\n"
    settings.KGEN_HOME.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    with open(os.open(settings.KGEN_HOME / "sms.log", flags, 0o600), "w", encoding="utf-8") as file:
        file.write(line)
    log.info("sms", to=message.to, text=message.text)
