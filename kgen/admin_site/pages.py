"""Pages of our own: made alike, each with its permission, inside unfold's layout."""

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
    """One page. A subclass says what it is and answers `data`; `@page` puts it into the console.

    What it does are methods marked with `@does(Act(…))`. A form sends their name as `do`, and perhaps a `reason`.
    Every page and every act has a permission; a test opens all of them as each role.
    """

    # Under the console's path, as in "money/withdrawals/<uuid:pk>/", and the name to reverse as "admin:<name>".
    route: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    permission: ClassVar[str]
    template_name: ClassVar[str]
    # Where it stands in the sidebar; None for a page that others lead to.
    nav: ClassVar[Nav | None] = None
    # Example values of the route's arguments, for the test that opens every page.
    example: ClassVar[dict[str, Any]] = {}
    site: ClassVar[AdminSite]
    # No other: what an act is called (`delete`) must not make a verb of HTTP of it.
    http_method_names = ["get", "head", "post"]

    @classmethod
    def allows(cls, request: HttpRequest) -> bool:
        """Whether this operator may open the page."""
        return request.user.has_perm(cls.permission)

    @classmethod
    def acts(cls) -> dict[str, ConsoleAction]:
        """What can be done here, by the name that a form sends."""
        found = {name: getattr(getattr(cls, name), "act", None) for name in dir(cls) if not name.startswith("_")}
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
        """Do one thing and come back.

        :raises PermissionDenied: the role lacks the act's permission.
        :raises Http404: the page does not do that.
        """
        name = request.POST.get("do", "")
        what = self.acts().get(name)
        if what is None:
            raise Http404
        if not request.user.has_perm(what.permission):
            raise PermissionDenied
        answer: HttpResponse | None = getattr(self, name)(**kwargs)
        return answer or HttpResponseRedirect(request.get_full_path())

    def data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows, from selectors; `kwargs` are the route's arguments."""
        return {}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        """(title, address) of the pages above this one, nearest last."""
        return []

    def render(self, *, status: int = 200, **data: Any) -> HttpResponse:
        """The page with `data`; `title` in it replaces the page's."""
        self.request.current_app = self.site.name
        shared = {
            "title": self.title,
            "page": self,
            "may": {name: self.request.user.has_perm(what.permission) for name, what in self.acts().items()},
            "breadcrumbs": self.breadcrumbs(**self.kwargs),
        }
        context = self.site.each_context(self.request) | shared | data
        return TemplateResponse(self.request, self.template_name, context, status=status)

    def run(
        self, what: ConsoleAction, call: Callable[[], Any], *, subject: audit.Subject, done: str | Callable[[Any], str]
    ) -> Any:
        """Call a service as this operator's act, with the form's reason; see `kgen.admin_site.actions.run_action`."""
        return run_action(self.request, what, call, subject=subject, done=done, reason=self.reason)

    def back(self, otherwise: str) -> HttpResponse:
        """To the page of the console that the form names as `next`; without one, or to elsewhere, to `otherwise`."""
        target = self.request.POST.get("next", "")
        ours = target.startswith(address("index")) and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
        return HttpResponseRedirect(target if ours else otherwise)

    @property
    def reason(self) -> str:
        """The form's reason, as services take it."""
        return reason_in(self.request)


PAGES: list[type[ConsolePage]] = []


def page[P: type[ConsolePage]](made: P) -> P:
    """Put a page into the console. Its module is `admin` of an app, or imported by it: Django loads these."""
    assert not any(other.name == made.name for other in PAGES), f"there is a page {made.name}"
    PAGES.append(made)
    return made


def does(what: ConsoleAction) -> Callable[[Callable[..., Any]], Any]:
    """Mark a page's method as something that it does; it answers with a response, or None to come back."""

    def mark(method: Any) -> Any:
        method.act = what
        return method

    return mark


def address(name: str, **kwargs: Any) -> str:
    """The address of a page, or of an admin view such as "wallet_withdrawal_change"."""
    return reverse(f"admin:{name}", kwargs=kwargs or None)
