"""URLs of sessions, phones, stores and tracked events."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from users.views.phones import AccountViewSet, OtpViewSet, StudioPhoneViewSet
from users.views.sessions import OlderSessionViewSet, SessionViewSet, StudioGamerViewSet, TokenViewSet
from users.views.stores import StoreCodeViewSet, StoreViewSet
from users.views.tracking import TrackerViewSet

router = SimpleRouter(trailing_slash=False)
router.register("s2s/gamers", StudioGamerViewSet, basename="studio-gamer")
router.register("s2s/users", StudioPhoneViewSet, basename="studio-phone")
router.register("fe/users/auth/otp", OtpViewSet, basename="otp")
router.register("fe/users/account", AccountViewSet, basename="account")
router.register("fe/users/k-store", StoreViewSet, basename="store")
router.register("s2s/store-codes", StoreCodeViewSet, basename="store-code")
router.register("fe/analytics/px-tracker/events", TrackerViewSet, basename="tracker")

sessions = SessionViewSet.as_view({"post": "create", "delete": "destroy"})
older_sessions = OlderSessionViewSet.as_view({"post": "create"})
refresh = TokenViewSet.as_view({"post": "refresh"})

urlpatterns = [
    path("s2s/session", sessions, name="session"),
    path("api/v1/session", older_sessions, name="older-session"),
    path("fe/users/auth/token/refresh", refresh, name="token-refresh"),
    *router.urls,
]
