"""Where rewards answer."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from rewards.views import ClaimViewSet, ResultViewSet

router = SimpleRouter(trailing_slash=False)
router.register("s2s/esports/tournaments", ResultViewSet, basename="results")

urlpatterns = [
    path("fe/esports/rewards/claim", ClaimViewSet.as_view({"get": "claimable", "post": "claim"}), name="claim"),
    *router.urls,
]
