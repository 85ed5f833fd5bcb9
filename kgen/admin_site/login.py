"""Coming in: name and password, then the second factor. Nobody is logged in before both are through."""

import time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import authenticate, get_user_model, login
from django.http import HttpRequest
from django_otp import login as remember_device
from django_otp.models import Device
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from kgen import audit
from kgen.admin_site.guards import TRIES_OF_ADDRESS, TRIES_OF_NAME, forget_tries, give_try_back, take_try
from kgen.api.throttles import client_address
from kgen.errors import Unavailable

REFUSED = (
    "This name and password do not let you in. After several failures wait a quarter of an hour, "
    "or ask an administrator."
)
WRONG_CODE = "This code is not right, or was used before. Wait for the next one; after several failures, longer."
# How long the second step may take after the first.
PENDING_SECONDS = 10 * 60
_PENDING = "console_pending"
BEGAN, SEEN = "console_began", "console_seen"


class PasswordForm(AuthenticationForm):  # type: ignore[misc]
    """One answer for an unknown name, a wrong password and a lock; for the first two after the same work."""

    error_messages = AdminAuthenticationForm.error_messages | {"invalid_login": REFUSED, "inactive": REFUSED}

    def clean(self) -> dict[str, Any]:
        """
        :raises ValidationError: not let in.
        :raises Unavailable: too many passwords are checked at this moment; the try does not count.
        """
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name is None or not password:
            return self.cleaned_data  # type: ignore[no-any-return]
        address = client_address(self.request)
        # Both are counted, whatever the first says. Names that do not exist are locked alike, so that a quick refusal
        # tells nothing of them.
        free = [take_try("name", name, TRIES_OF_NAME), take_try("address", address, TRIES_OF_ADDRESS)]
        if not all(free):
            self.refuse(name, locked=True)
        try:
            operator = authenticate(self.request, username=name, password=password)
        except Unavailable:
            give_try_back("name", name)
            give_try_back("address", address)
            raise
        if operator is None or not getattr(operator, "is_staff", False):
            self.refuse(name, locked=False)
        self.user_cache = operator
        forget_tries("name", name)
        return self.cleaned_data  # type: ignore[no-any-return]

    def refuse(self, name: str, *, locked: bool) -> None:
        """Leave a trace and say no. What was typed is not kept: it may be a password.

        :raises ValidationError: always.
        """
        operators = get_user_model()._base_manager
        known = operators.filter(username=name).first()
        act = "operator.login_locked" if locked else "operator.login_failed"
        audit.record(operator=None, act=act, request=self.request, subject=known)
        raise self.get_invalid_login_error()


class CodeForm(forms.Form):
    """The second step."""

    code = forms.CharField(
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


def remember_pending(request: HttpRequest, operator: Any, next_url: str) -> None:
    """The password was right; the session knows, but nobody is logged in."""
    request.session.cycle_key()
    request.session[_PENDING] = {"id": operator.pk, "at": int(time.time()), "next": next_url, "hash": _proof(operator)}


def pending(request: HttpRequest) -> tuple[Any, str] | None:
    """Who is between the two steps, and where to go then; None once it took too long."""
    kept = request.session.get(_PENDING)
    if not kept or time.time() - kept["at"] > PENDING_SECONDS:
        return None
    operator = get_user_model()._base_manager.filter(pk=kept["id"], is_active=True, is_staff=True).first()
    # A password that was changed in between makes the first step void.
    return (operator, kept["next"]) if operator and _proof(operator) == kept["hash"] else None


def complete(request: HttpRequest, operator: Any, device: Device | None) -> None:
    """Log in, in a session of its own."""
    request.session.pop(_PENDING, None)
    login(request, operator, backend=settings.AUTHENTICATION_BACKENDS[0])
    if device is not None:
        remember_device(request, device)
    request.session[BEGAN] = request.session[SEEN] = int(time.time())
    audit.record(operator=operator, act="operator.login", request=request, subject=operator)


def _proof(operator: Any) -> str:
    return str(operator.get_session_auth_hash())
