"""`{{ value|moment }}` and `{% zone_note %}`: times in the operator's zone (see kgen.admin_site.moments)."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from kgen.admin_site import moments

register = template.Library()
register.filter("moment", moments.moment)


@register.simple_tag(takes_context=True)
def zone_note(context: Any) -> SafeString:
    """In which zone the page's times are."""
    return moments.zone_note(context["request"])
