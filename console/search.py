"""Search over everything: an id, a name or a number leads to the row that it names.

Each finder asks one index, and finds only rows that the operator's role and limit allow.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from console.links import filtered
from esports.selectors import search as play
from kgen import audit
from kgen.admin_site.links import row_address
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.api.fields import id_of, is_clean_reference
from kgen.jobs.selectors import jobs_by_id
from kgen.webhooks import selectors as webhooks
from rewards.selectors import rewards_by_id
from users.selectors import all_clients
from users.selectors import search as people
from wallet.selectors import search as money

LONGEST = 200
MOST = 20
SEE_PERSONAL = "users.see_phone"
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_PHONE = re.compile(r"\+[0-9 ()./-]{6,30}")
# The prefix of a webhook's id in its headers; an id without dashes.
_EVENT = "evt_"
_BARE_ID = re.compile(r"[0-9a-f]{32}")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Query:
    """A search term, read in every way that it can be meant."""

    text: str
    id: UUID | None
    address: str | None
    is_phone: bool

    @property
    def is_personal(self) -> bool:
        """Whether the term itself is personal data, which must not stand in an address or a log."""
        return self.is_phone or self.address is not None


def read(text: str) -> Query:
    """The query in a typed text."""
    plain = text.strip()[:LONGEST]
    if not is_clean_reference(plain):
        plain = ""
    lower = plain.lower()
    return Query(
        plain,
        UUID(lower) if _BARE_ID.fullmatch(lower) else id_of(lower.removeprefix(_EVENT)),
        lower if _ADDRESS.fullmatch(lower) else None,
        bool(_PHONE.fullmatch(plain)),
    )


@dataclass(frozen=True)
class SearchHit:
    """A row that was found."""

    label: str
    detail: str
    link: str


@dataclass(frozen=True)
class Finder:
    """Finds rows of one kind. `path` leads from a row to its client's id."""

    group: str
    permission: str
    find: Callable[[Query, Any], Iterator[QuerySet[Any]]]
    show: Callable[[Any], SearchHit]
    path: str = "client_id"
    # The rows are the operator's own, so no limit applies.
    is_own: bool = False


@dataclass(frozen=True)
class Group:
    """The hits of one kind; `more`: there are others beyond the limit."""

    title: str
    hits: list[SearchHit]
    more: bool


@page
class SearchPage(ConsolePage):
    """Takes queries by POST, to keep personal data out of addresses; the others are redirected to a link."""

    route, name, title = "find/", "find", "Search"
    permission, template_name = "kgen.search", "console/search.html"
    nav = Nav("Overview", "Search", "search", 20)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        query = read(request.GET.get("q", ""))
        # Personal data in an address was typed there by hand. It is not looked up.
        return self._answer(read("") if query.is_personal else query)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Look a query up. One that is not personal is redirected to an address of its own."""
        query = read(request.POST.get("q", ""))
        if query.is_personal:
            return self._answer(query)
        return HttpResponseRedirect(filtered("find", q=query.text))

    def _answer(self, query: Query) -> HttpResponse:
        groups = list(found(query, self.request)) if query.text else []
        return self.render(query=query, groups=groups, may_see_personal=self.request.user.has_perm(SEE_PERSONAL))


def found(query: Query, request: HttpRequest) -> Iterator[Group]:
    """The hits that this operator may see, by kind."""
    operator: Any = request.user
    for finder in FINDERS:
        if not operator.has_perm(finder.permission):
            continue
        rows: dict[Any, Model] = {}
        for candidates in finder.find(query, request):
            within = candidates if finder.is_own else scoped(candidates, operator, finder.path)
            rows |= {row.pk: row for row in within[: MOST + 1]}
        if rows:
            shown = list(rows.values())[:MOST]
            yield Group(finder.group, [finder.show(row) for row in shown], len(rows) > MOST)


def _by_id(rows: Callable[[UUID], QuerySet[Any]]) -> Callable[[Query, Any], Iterator[QuerySet[Any]]]:
    def find(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
        if query.id is not None:
            yield rows(query.id)

    return find


def _tournaments(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield play.tournaments_by_id(query.id)
    elif not query.is_personal:
        yield play.tournaments_by_title(query.text)


def _gamers(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield people.gamers_by_id(query.id)
    if query.address is not None:
        wallets = money.wallets_by_address(query.address)
        yield people.gamers_by_wallet(list(wallets.values_list("pk", flat=True)))
    yield people.gamers_by_name(clients_of(request.user), query.text)


def _people(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    """Gamers by phone or KGeN wallet. The result reveals personal data, so the trace of each is written first."""
    if query.is_phone:
        rows, what = people.gamers_by_phone(query.text), "phone"
    elif query.address is not None:
        rows, what = people.gamers_by_kgen_address(query.address), "address"
    else:
        return
    operator: Any = request.user
    for gamer in scoped(rows, operator)[: MOST + 1]:
        audit.record_view(operator=operator, what=what, subject=gamer, request=request, reason="global search")
    yield rows


def _wallets(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield money.wallets_by_id(query.id)
    if query.address is not None:
        yield money.wallets_by_address(query.address)


def _accounts(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.address is not None:
        yield money.system_accounts_by_address(query.address)


def _transactions(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield money.transactions_by_id(query.id)
    # Every reference has a colon: `join:<participation>`.
    elif ":" in query.text:
        yield money.transactions_by_reference(query.text)
    yield money.transactions_of_deposit(_clients(request), query.id, query.text)


def _withdrawals(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield money.withdrawals_by_id(query.id)
    else:
        yield money.withdrawals_by_hash(query.text)


def _deliveries(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield webhooks.deliveries_by_id(query.id)
        yield webhooks.deliveries_of_event(query.id)


def _jobs(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield jobs_by_id(int(request.user.pk or 0), query.id)


def _trail(query: Query, request: HttpRequest) -> Iterator[QuerySet[Any]]:
    if query.id is not None:
        yield audit.entries_about(str(query.id))
    if _REQUEST.fullmatch(query.text):
        yield audit.entries_of_request(query.text)


def _clients(request: HttpRequest) -> Collection[UUID]:
    """The operator's clients, for an index that begins with the client."""
    limit = clients_of(request.user)
    return limit if limit is not None else list(all_clients().values_list("pk", flat=True))


def _gamer(row: Any) -> SearchHit:
    return SearchHit(row.user_id, f"{row.client.name}, {row.pk}", row_address(row))


def _participation(row: Any) -> SearchHit:
    detail = f"of {row.gamer.user_id}, joined {row.joined_at:%Y-%m-%d %H:%M} UTC"
    return SearchHit(row.tournament.title, detail, row_address(row))


def _delivery(row: Any) -> SearchHit:
    detail = f"{row.state}, to {row.endpoint.url}"
    return SearchHit(row.event.type, detail, row_address(row))


FINDERS = (
    Finder(
        "Tournaments",
        "esports.view_tournament",
        _tournaments,
        lambda row: SearchHit(row.title, f"{row.client.name}, {row.pk}", row_address(row)),
    ),
    Finder("Participations", "esports.view_tournament", _by_id(play.participations_by_id), _participation),
    Finder("Gamers", "users.view_gamer", _gamers, _gamer),
    Finder("Gamers by phone or KGeN wallet", SEE_PERSONAL, _people, _gamer),
    Finder(
        "Sessions",
        "users.view_gamer",
        _by_id(people.sessions_by_id),
        lambda row: SearchHit(f"of {row.gamer.user_id}", str(row.pk), address("gamer_page", pk=row.gamer_id)),
    ),
    Finder(
        "Wallets",
        "wallet.view_wallet",
        _wallets,
        lambda row: SearchHit(f"Wallet {row.pk}", row.currency, row_address(row)),
    ),
    Finder(
        "A client's own accounts",
        "wallet.view_transaction",
        _accounts,
        lambda row: SearchHit(row.kind, row.currency, filtered("flows", account=row.kind, currency=row.currency)),
    ),
    Finder(
        "Transactions",
        "wallet.view_transaction",
        _transactions,
        lambda row: SearchHit(row.reference, f"{row.kind}, {row.created_at:%Y-%m-%d}", row_address(row)),
    ),
    Finder(
        "Withdrawals",
        "wallet.view_withdrawal",
        _withdrawals,
        lambda row: SearchHit(f"{row.amount:,} {row.currency}", row.state, row_address(row)),
    ),
    Finder(
        "Adjustments",
        "wallet.view_adjustment",
        _by_id(money.adjustments_by_id),
        lambda row: SearchHit(f"{row.direction} {row.amount:,}", row.state, row_address(row)),
    ),
    Finder(
        "Rewards",
        "rewards.view_reward",
        _by_id(rewards_by_id),
        lambda row: SearchHit(
            f"{row.amount:,} {row.currency}", row.tournament.title, address("prize_page", pk=row.participation_id)
        ),
    ),
    Finder(
        "Clients",
        "users.view_client",
        _by_id(people.clients_by_id),
        lambda row: SearchHit(row.name, str(row.pk), row_address(row)),
        path="pk",
    ),
    Finder(
        "Webhook deliveries",
        "kgen.view_webhooks",
        _deliveries,
        _delivery,
        path="endpoint__client_id",
    ),
    Finder(
        "Webhook endpoints",
        "kgen.view_webhooks",
        _by_id(webhooks.endpoints_by_id),
        lambda row: SearchHit(row.url, str(row.pk), row_address(row)),
    ),
    Finder(
        "Series",
        "esports.view_tournament",
        _by_id(play.series_by_id),
        lambda row: SearchHit(row.name, row.rule, row_address(row)),
    ),
    Finder(
        "Templates",
        "esports.view_tournament",
        _by_id(play.templates_by_id),
        lambda row: SearchHit(row.name, row.client.name, row_address(row)),
    ),
    Finder(
        "Jobs",
        "kgen.see_jobs",
        _jobs,
        lambda row: SearchHit(row.kind, row.state, address("job", pk=row.pk)),
        is_own=True,
    ),
    Finder(
        "Audit trail",
        "kgen.see_audit",
        _trail,
        lambda row: SearchHit(
            f"{row.act} by {row.operator_name or 'nobody'}",
            f"{row.at:%Y-%m-%d %H:%M:%S} UTC, {row.object_label}",
            row_address(row),
        ),
    ),
)
