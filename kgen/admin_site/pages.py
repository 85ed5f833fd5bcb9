"""The base of the console's pages: each has a permission and unfold's layout."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from kgen import audit
from kgen.admin_site.actions import ConsoleAction, reason_in, run_action
from kgen.admin_site.navigation import Nav


class ConsolePage(View):
    """One page. A subclass declares its route, title and permission, and returns `data`; `@page` registers it.

    Its actions are methods marked with `@does(ConsoleAction(…))`. A form sends the method's name as `do`, and perhaps a
    `reason`. Every page and every action has a permission; a test opens all of them as each role.
    """

    # The route below the console's path, as in "money/withdrawals/<uuid:pk>/"; the name to reverse is "admin:<name>".
    route: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    permission: ClassVar[str]
    template_name: ClassVar[str]
    # The entry in the sidebar; None for a page that other pages lead to.
    nav: ClassVar[Nav | None] = None
    # Example values of the route's arguments, for the test that opens every page.
    example: ClassVar[dict[str, Any]] = {}
    site: ClassVar[AdminSite]
    # The methods of HTTP are fixed: an action named `delete` must not answer DELETE.
    http_method_names = ["get", "head", "post"]

    @classmethod
    def allows(cls, request: HttpRequest) -> bool:
        """Whether this operator may open the page."""
        return request.user.has_perm(cls.permission)

    @classmethod
    def actions(cls) -> dict[str, ConsoleAction]:
        """The page's actions, by the name that a form sends."""
        found = {name: getattr(getattr(cls, name), "action", None) for name in dir(cls) if not name.startswith("_")}
        return {name: what for name, what in found.items() if isinstance(what, ConsoleAction)}

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """
        :raises PermissionDenied: the role lacks the page's permission.
        """
        if not self.allows(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the page."""
        return self.render(**self.data(**kwargs))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do the action that the form names, then show its answer or the page again.

        :raises PermissionDenied: the role lacks the action's permission.
        :raises Http404: the page has no such action.
        """
        name = request.POST.get("do", "")
        what = self.actions().get(name)
        if what is None:
            raise Http404
        if not request.user.has_perm(what.permission):
            raise PermissionDenied
        answer: HttpResponse | None = getattr(self, name)(**kwargs)
        return answer or HttpResponseRedirect(request.get_full_path())

    def data(self, **kwargs: Any) -> dict[str, Any]:
        """The template's context, from selectors; `kwargs` are the route's arguments."""
        return {}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        """(title, address) of the pages above this one, the nearest last."""
        return []

    def render(self, *, status: int = 200, **data: Any) -> HttpResponse:
        """Render the page with `data`; a `title` in it replaces the page's own."""
        self.request.current_app = self.site.name
        shared = {
            "title": self.title,
            "page": self,
            "may": {name: self.request.user.has_perm(what.permission) for name, what in self.actions().items()},
            "breadcrumbs": self.breadcrumbs(**self.kwargs),
        }
        context = self.site.each_context(self.request) | shared | data
        return TemplateResponse(self.request, self.template_name, context, status=status)

    def run(
        self, what: ConsoleAction, call: Callable[[], Any], *, subject: audit.Subject, done: str | Callable[[Any], str]
    ) -> Any:
        """Call a service as this operator, with the form's reason, by `kgen.admin_site.actions.run_action`."""
        return run_action(self.request, what, call, subject=subject, done=done, reason=self.reason)

    def back(self, otherwise: str) -> HttpResponse:
        """Redirect to the page that the form names as `next`; without one in the console, to `otherwise`."""
        target = self.request.POST.get("next", "")
        ours = target.startswith(address("index")) and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
        return HttpResponseRedirect(target if ours else otherwise)

    @property
    def reason(self) -> str:
        """The form's reason, as services take it."""
        return reason_in(self.request)


PAGES: list[type[ConsolePage]] = []


def page[P: type[ConsolePage]](made: P) -> P:
    """Register a page. Its module is an app's `admin`, which Django loads, or imported by it."""
    assert not any(other.name == made.name for other in PAGES), f"there is a page {made.name}"
    PAGES.append(made)
    return made


def does(what: ConsoleAction) -> Callable[[Callable[..., Any]], Any]:
    """Mark a page's method as an action. It returns a response, or None to show the page again."""

    def mark(method: Any) -> Any:
        method.action = what
        return method

    return mark


def address(name: str, **kwargs: Any) -> str:
    """The address of a page, or of an admin view such as "wallet_withdrawal_change"."""
    return reverse(f"admin:{name}", kwargs=kwargs or None)
