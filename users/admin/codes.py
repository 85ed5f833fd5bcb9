"""Phone codes in the console: which messages were sent and which codes were used. Numbers are masked."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin, row_fields
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import address
from users.models import PhoneChallenge, SmsMessage
from users.phones import masked

# The outcomes of a message or its code: title and filter.
OUTCOMES: dict[str, tuple[str, dict[str, bool]]] = {
    "sent": ("Sent", {"message__sent_at__isnull": False}),
    "used": ("Sent, and its code was used", {"used_at__isnull": False}),
    "waiting": ("To be sent", {"message__sent_at__isnull": True, "message__given_up_at__isnull": True}),
    "given_up": ("Could not be sent", {"message__given_up_at__isnull": False}),
}


class MessageFilter(admin.SimpleListFilter):
    """Filters by the outcome of the message."""

    title, parameter_name = "message", "message"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, title) for name, (title, _) in OUTCOMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        _, wanted = OUTCOMES.get(self.value() or "", ("", {}))
        return queryset.filter(**wanted)


@admin.register(PhoneChallenge)
class PhoneChallengeAdmin(ReadOnlyAdmin):
    """The codes of the last days, newest first; older codes are deleted."""

    nav = Nav("People", "Phone codes", "sms", 20)
    permission = "users.view_gamer"
    timed = "created_at"
    list_display = ["created_at", "number", "of_gamer", "client", "message_state", "tries", "used_at"]
    list_display_links = None
    list_filter = [MessageFilter, ("client", ClientFilter)]
    list_select_related = ["gamer", "client", "message"]
    # Without the number and all that helps to guess the code.
    fields = [*row_fields(PhoneChallenge, "phone", "number_range", "auth_code", "digest"), "number", "message_state"]
    readonly_fields = ["number", "message_state"]

    @admin.display(description="number")
    def number(self, row: PhoneChallenge) -> str:
        """The number, masked."""
        return masked(row.phone)

    @admin.display(description="gamer")
    def of_gamer(self, row: PhoneChallenge) -> SafeString:
        """A link to the gamer's sessions and codes."""
        link = address("gamer_page", pk=row.gamer_id)
        return format_html('<a href="{}?tab=sessions">{}</a>', link, row.gamer.user_id)

    @admin.display(description="message")
    def message_state(self, row: PhoneChallenge) -> SafeString:
        """The outcome of the message."""
        message: SmsMessage | None = getattr(row, "message", None)
        if message is None:
            return SafeString("none")
        if message.sent_at:
            return format_html("sent {}", moment(message.sent_at))
        if message.given_up_at:
            return format_html('<span class="kc-mark bad">could not be sent</span> {}', moment(message.given_up_at))
        return format_html('<span class="kc-mark">to be sent</span> tried {} times', message.attempts)
