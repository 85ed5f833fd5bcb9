"""Operators in the console. An operator can neither grant rights that it lacks nor edit an operator who has them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from kgen import audit
from kgen.admin_site.actions import ConsoleAction, on_rows
from kgen.admin_site.admin import EditableAdmin
from kgen.admin_site.navigation import Nav
from kgen.errors import DomainError
from users import services
from users.models import Operator
from users.selectors.operators import grantable_groups, may_manage
from users.services.operators import check_may_leave

MAY_MANAGE = "users.manage_operators"


class OperatorForm(UserChangeForm):  # type: ignore[misc]
    """An operator. The form refuses to switch off its editor or the last superuser."""

    editor: Operator

    def clean_is_active(self) -> bool:
        """Check that the operator may be switched off.

        :raises ValidationError: it is the editor, or the last superuser.
        """
        active: bool = self.cleaned_data["is_active"]
        if self.instance.is_active and not active:
            try:
                check_may_leave(self.instance, self.editor.pk)
            except DomainError as refusal:
                raise ValidationError(refusal.detail) from None
        return active


@admin.register(Operator)
class OperatorAdmin(EditableAdmin, UserAdmin):  # type: ignore[type-arg, misc]
    """Operators with their roles and their clients."""

    nav = Nav("Oversight", "Operators", "badge", 30)
    permission = edit_permission = MAY_MANAGE
    client_path = None
    traced = ("groups", "clients")
    form, add_form, change_password_form = OperatorForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ["username", "roles", "limit", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    search_fields = ["=username"]
    fieldsets = [
        (None, {"fields": ["username", "password", "first_name", "last_name", "email"]}),
        ("Rights", {"fields": ["is_active", "groups", "clients"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "password1", "password2", "groups", "clients"]})]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []
    actions = ["reset_second_factor", "switch_off", "switch_on"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups", "clients")

    @admin.display(description="roles")
    def roles(self, operator: Operator) -> str:
        """The operator's groups; a superuser needs none."""
        names = sorted(group.name for group in operator.groups.all())
        return ", ".join(["superuser"] * operator.is_superuser + names)

    @admin.display(description="limited to")
    def limit(self, operator: Operator) -> str:
        """The clients to which the operator is limited."""
        return ", ".join(sorted(client.name for client in operator.clients.all())) or "all clients"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the operator may edit `obj`. Also guards setting a password, which gives access to its rights."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or may_manage(_me(request), obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the operator may see operators: one who manages them sees them all."""
        return request.user.has_perm(MAY_MANAGE) and self.is_within(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        return type("OperatorForm", (made,), {"editor": request.user}) if obj else made

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer, and accept, only the roles that this operator may grant."""
        if db_field.name == "groups":
            field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
            field.queryset = grantable_groups(_me(request))
            field.widget = forms.CheckboxSelectMultiple(choices=field.widget.choices)
            return field
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save an operator as staff, which Django requires for a login."""
        assert isinstance(obj, Operator)
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Set an operator's password and write the trail's entry in one transaction."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Write the trail's entry for a saved form, or for a set password, which does not call save_model."""
        if hasattr(request, "_before"):
            super().log_change(request, obj, message)
        else:
            audit.record(operator=_me(request), act="operator.set_password", request=request, subject=obj)

    @on_rows(ConsoleAction("operator.reset_factor", MAY_MANAGE), "Reset the second factor")
    def reset_second_factor(self, request: HttpRequest, row: Operator, reason: str) -> None:
        """Remove the second factor of an operator who lost the phone and the recovery codes."""
        services.reset_factor(operator_id=row.pk, by=_me(request).pk)

    @on_rows(ConsoleAction("operator.switch_off", MAY_MANAGE), "Switch off: no login, and open sessions end")
    def switch_off(self, request: HttpRequest, row: Operator, reason: str) -> None:
        """Switch an operator off: no login, and open sessions end."""
        services.switch_operator(operator_id=row.pk, by=_me(request).pk, active=False)

    @on_rows(ConsoleAction("operator.switch_on", MAY_MANAGE), "Switch on")
    def switch_on(self, request: HttpRequest, row: Operator, reason: str) -> None:
        """Switch an operator on again."""
        services.switch_operator(operator_id=row.pk, by=_me(request).pk, active=True)


def _me(request: HttpRequest) -> Operator:
    assert isinstance(request.user, Operator), "the console requires a login"
    return request.user
