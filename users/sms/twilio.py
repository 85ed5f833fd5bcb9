"""Twilio's Messages resource."""

from django.conf import settings

from users.sms import transport
from users.sms.message import Message


def send(message: Message) -> None:
    """Raises as `users.sms.send`."""
    account = settings.SMS_TWILIO_ACCOUNT_SID
    sender = settings.SMS_TWILIO_FROM
    # A messaging service has an id in place of a number.
    sender_field = "MessagingServiceSid" if sender.startswith("MG") else "From"
    transport.post(
        f"{settings.SMS_TWILIO_URL}/2010-04-01/Accounts/{account}/Messages.json",
        data={"To": message.to, sender_field: sender, "Body": message.text},
        auth=(account, settings.SMS_TWILIO_AUTH_TOKEN),
    )
