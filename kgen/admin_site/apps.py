"""Django's admin with our site in it."""

from django.contrib.admin.apps import AdminConfig


class AdminSiteConfig(AdminConfig):
    """django.contrib.admin with the console as `admin.site`."""

    default_site = "kgen.admin_site.site.ConsoleSite"
