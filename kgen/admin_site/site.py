"""The console: Django's admin in unfold's layout, behind two steps of login, with pages of our own."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite

from kgen import audit

# Models are not there yet when Django makes the site: what needs them is imported where it is used.


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]
    """`admin.site`."""

    site_url = None

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take lists that are made for the console. Packages bring others, secrets of authenticators among them."""
        from kgen.admin_site.admin import ConsoleAdmin

        if isinstance(admin_class, type) and issubclass(admin_class, ConsoleAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """An operator whose session came through every step that is asked of them."""
        from kgen.admin_site import second_factor

        if not super().has_permission(request):
            return False
        known: bool | None = getattr(request, "_let_in", None)
        if known is None:
            known = second_factor.is_verified(request) or not second_factor.asks_factor(request.user)
            request._let_in = known  # type: ignore[attr-defined]
        return known

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Django's own log is not kept."""
        from django.contrib.admin.models import LogEntry

        return LogEntry.objects.none()

    def extra_urls(self) -> list[Any]:
        """Unfold's hook: the second step, and the pages that the apps have put into the console."""
        from kgen.admin_site.pages import PAGES

        steps = [
            path("login/code/", self.code, name="login_code"),
            path("login/enrol/", self.enrol, name="login_enrol"),
        ]
        for page in PAGES:
            page.site = self
            steps.append(path(page.route, self.admin_view(page.as_view()), name=page.name))
        return steps

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The page that is named `home`, where there is one and the role may see it; else the way to all others."""
        from kgen.admin_site.pages import PAGES

        home = next((page for page in PAGES if page.name == "home"), None)
        if home is not None and home.allows(request):
            return home.as_view()(request)
        return TemplateResponse(request, "console/index.html", self.each_context(request) | {"title": "Console"})

    @method_decorator([never_cache, login_not_required, sensitive_post_parameters()])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The first step: name and password."""
        from kgen.admin_site import second_factor
        from kgen.admin_site.login import PasswordForm, complete, remember_pending

        target = LoginView(request=request).get_redirect_url() or reverse("admin:index")
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(target)
        form = PasswordForm(request, data=request.POST if request.method == "POST" else None)
        if request.method != "POST" or not form.is_valid():
            return self._step(request, "admin/login.html", form=form, app_path=request.get_full_path(), next=target)
        operator = form.get_user()
        if not second_factor.asks_factor(operator):
            complete(request, operator, None)
            return HttpResponseRedirect(target)
        remember_pending(request, operator, target)
        step = "login_code" if second_factor.has_factor(operator) else "login_enrol"
        return HttpResponseRedirect(reverse(f"admin:{step}"))

    @method_decorator([never_cache, login_not_required, sensitive_post_parameters()])
    def code(self, request: HttpRequest) -> Any:
        """The second step: a code of the authenticator, or a recovery code."""
        from kgen.admin_site import second_factor
        from kgen.admin_site.login import WRONG_CODE, CodeForm, complete, pending

        waiting = pending(request)
        if waiting is None:
            return self._begin_again(request)
        operator, target = waiting
        if not second_factor.has_factor(operator):
            return HttpResponseRedirect(reverse("admin:login_enrol"))
        form = CodeForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            device = second_factor.verify(operator, form.cleaned_data["code"])
            if device is not None:
                complete(request, operator, device)
                return HttpResponseRedirect(target)
            audit.record(operator=operator, act="operator.code_failed", request=request, subject=operator)
            form.add_error("code", WRONG_CODE)
        return self._step(request, "console/login_code.html", form=form)

    @method_decorator([never_cache, login_not_required, sensitive_post_parameters()])
    def enrol(self, request: HttpRequest) -> Any:
        """Set up an authenticator: in the middle of a login, or later of one's own will."""
        from kgen.admin_site import second_factor
        from kgen.admin_site.login import WRONG_CODE, CodeForm, complete, pending

        own: Any = (request.user, reverse("admin:index")) if self.has_permission(request) else None
        waiting: Any = own or pending(request)
        if waiting is None:
            return self._begin_again(request)
        operator, target = waiting
        if second_factor.has_factor(operator):
            return HttpResponseRedirect(target if own else reverse("admin:login_code"))
        form = CodeForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            confirmed = second_factor.confirm_enrolment(operator, form.cleaned_data["code"])
            if confirmed is not None:
                device, codes = confirmed
                complete(request, operator, device)
                audit.record(operator=operator, act="operator.factor_set_up", request=request, subject=operator)
                return self._step(request, "console/recovery_codes.html", codes=codes, target=target)
            form.add_error("code", WRONG_CODE)
        return self._step(
            request, "console/enrol.html", form=form, enrolment=second_factor.begin_enrolment(operator), own=bool(own)
        )

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """An operator's own password, with a trace."""
        with transaction.atomic():
            answer = super().password_change(request, extra_context)
            if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
                operator: Any = request.user
                audit.record(operator=operator, act="operator.change_password", request=request, subject=operator)
        return answer

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Out, with a trace."""
        if request.method == "POST" and request.user.is_authenticated:
            operator: Any = request.user
            audit.record(operator=operator, act="operator.logout", request=request, subject=operator)
        answer: HttpResponse = super().logout(request, extra_context)
        return answer

    def _step(self, request: HttpRequest, template: str, **more: Any) -> TemplateResponse:
        request.current_app = self.name
        context = self.each_context(request) | {"title": "Log in", "console": settings.CONSOLE_PATH} | more
        return TemplateResponse(request, template, context)

    def _begin_again(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, "The login took too long. Begin again.")
        target = urlencode({REDIRECT_FIELD_NAME: reverse("admin:index")})
        return HttpResponseRedirect(f"{reverse('admin:login')}?{target}")
