"""Addresses of webhooks."""

from rest_framework.routers import SimpleRouter

from kgen.webhooks.views import DeliveryViewSet, WebhookViewSet

router = SimpleRouter(trailing_slash=False)
router.register("s2s/webhooks", WebhookViewSet, basename="webhook")
router.register("s2s/webhook-deliveries", DeliveryViewSet, basename="webhook-delivery")
urlpatterns = router.urls
