"""Django's admin with our site in it."""

from django.contrib.admin.apps import AdminConfig


class AdminSiteConfig(AdminConfig):
    """django.contrib.admin, whose `admin.site` is the console."""

    default_site = "kgen.admin_site.site.ConsoleSite"
