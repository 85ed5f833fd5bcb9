"""Everything that answers."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from kgen import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    # Split: its script is a file of ours, as the site's Content-Security-Policy demands.
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path(settings.CONSOLE_PATH.rstrip("/"), RedirectView.as_view(url=f"/{settings.CONSOLE_PATH}")),
    path(settings.CONSOLE_PATH, admin.site.urls),
    path("", include("users.urls")),
    path("", include("wallet.urls")),
    path("", include("esports.urls")),
    path("", include("rewards.urls")),
    path("", include("kgen.webhooks.urls")),
]
# Problem documents, but pages to read under the console's path.
handler400 = "kgen.admin_site.failures.bad_request"
handler403 = "kgen.admin_site.failures.permission_denied"
handler404 = "kgen.admin_site.failures.not_found"
handler500 = "kgen.admin_site.failures.server_error"
