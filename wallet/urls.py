"""Where the wallet answers."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from wallet.views import DepositViewSet, GamerWalletViewSet, PayoutCallbackViewSet, StudioWalletViewSet

router = SimpleRouter(trailing_slash=False)
router.register("fe/wallet", GamerWalletViewSet, basename="wallet")
# Before the gamers' routes: a user_id may hold slashes and would swallow these.
router.register("s2s/wallet/deposits", DepositViewSet, basename="deposit")
router.register("s2s/wallet", StudioWalletViewSet, basename="studio-wallet")
urlpatterns = [
    path("hooks/payouts", PayoutCallbackViewSet.as_view({"post": "create"}), name="payout-news"),
    *router.urls,
]
