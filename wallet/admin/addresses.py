"""A wallet's address, which lists show masked."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from kgen import audit
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import scoped
from kgen.jobs.csv_cells import masked
from wallet.models import Wallet

SHOW = ConsoleAction("address.see", "users.see_phone", needs_reason=False)


@page
class WalletAddressPage(ConsolePage):
    """A wallet's address: masked, and in full for operators with the permission, each time with a trace."""

    route, name, title = "money/wallets/<uuid:pk>/address/", "wallet_address", "Wallet address"
    permission = "wallet.view_wallet"
    template_name = "console/wallet_address.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        wallet = get_object_or_404(scoped(Wallet.objects.all(), self.request.user), pk=kwargs["pk"])
        return {"wallet": wallet, "masked_address": masked(wallet.address)}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Wallets", address("wallet_wallet_changelist"))]

    @does(SHOW)
    def show(self, pk: UUID) -> HttpResponse:
        """Show the address in full, with a trace."""
        found = self.data(pk=pk)
        audit.record_view(operator=self.request.user, what="address", subject=found["wallet"], request=self.request)
        return self.render(**found, in_full=True)
