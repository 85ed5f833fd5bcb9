"""Killed at any commit and at any call to the gateway, then tried again: the state of an undisturbed run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.crashing import Point, every_point
from tests.support.gateway import FakeGateway, report_of, running_gateway, signed, tell
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.withdrawals import assert_proven, earn, link, make_due, money, row_of, withdraw
from wallet.models import State, Transaction, Withdrawal
from wallet.services import paying

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]


@dataclass
class Scene:
    """A gamer with 300 earned, made anew for every point of death."""

    studio: StudioCaller
    number: int = 0
    gamers: list[GamerCaller] = field(default_factory=list)

    def begin(self) -> GamerCaller:
        """A new gamer."""
        self.number += 1
        gamer = self.studio.gamer(f"g{self.number}")
        earn(gamer, 300)
        link(gamer, f"+9198765{self.number:05}")
        self.gamers.append(gamer)
        return gamer

    @property
    def gamer(self) -> GamerCaller:
        """The present one."""
        return self.gamers[-1]

    def withdrawal(self) -> Withdrawal:
        """The gamer's one withdrawal."""
        return Withdrawal.objects.get(wallet=row_of(self.gamer).wallet_id)

    def state(self) -> tuple[Any, ...]:
        """All that a run may leave behind."""
        row = self.withdrawal()
        booked = Transaction.objects.filter(reference__startswith=f"withdrawal:{row.pk}:").order_by("reference")
        return row.state, row.amount, money(self.gamer), list(booked.values_list("kind", flat=True))


@pytest.fixture
def scene(studio: StudioCaller) -> Scene:
    return Scene(studio)


def work() -> None:
    """Workers until nothing is due."""
    for _ in range(4):
        make_due()
        paying.pay_due()


def test_a_withdrawal_killed_at_any_statement_is_whole_or_absent(scene: Scene) -> None:
    def ask() -> object:
        return scene.gamer.post("/fe/wallet/withdraw", key=f"key-{scene.number}").ok()

    def check(point: Point) -> None:
        first, again = ask(), ask()
        assert first == again
        assert scene.state() == ("REQUESTED", 300, (0, 300), ["WITHDRAW"]), point

    assert every_point(ask, scene.begin, check) >= 2
    assert_proven()


@pytest.mark.long
@pytest.mark.parametrize(
    ("deduplicates", "behaviour"),
    [(True, "accept"), (True, "500-after"), (True, "400"), (False, "pay"), (False, "reject"), (False, "500")],
)
def test_a_payout_killed_at_any_statement_is_paid_once(
    scene: Scene, use_gateway: Callable[..., None], deduplicates: bool, behaviour: str
) -> None:
    with running_gateway(deduplicates) as gateway:
        use_gateway(gateway)

        def prepare() -> None:
            scene.begin()
            withdraw(scene.gamer)
            gateway.posts.clear()
            gateway.posts.append(behaviour)

        def check(point: Point) -> None:
            work()
            follows_the_rules(scene, gateway, point)

        # Its rails' check, the claim, the call, the outcome: each before and after.
        assert every_point(paying.pay_due, prepare, check) >= 8
    assert_proven()


def follows_the_rules(scene: Scene, gateway: FakeGateway, point: Point) -> None:
    row = scene.withdrawal()
    reference = str(row.pk)
    effects, sends = gateway.effects[reference], sum(order["reference"] == reference for order in gateway.sent)
    known = gateway.status.get(reference)
    if known is not None:
        assert row.state == {"paid": State.PAID, "accepted": State.PAID, "rejected": State.FAILED}[known], point
    elif row.state != State.FAILED:
        assert (row.state, gateway.deduplicates) == (State.NEEDS_REVIEW, False), point
    assert effects == (row.state == State.PAID), point
    assert gateway.deduplicates or sends <= 1, point
    kinds = {"PAID": ["WITHDRAW", "PAYOUT"], "FAILED": ["WITHDRAW", "WITHDRAW_REVERSAL"]}
    assert scene.state()[3] == kinds.get(row.state, ["WITHDRAW"]), point


def test_an_internal_payout_killed_at_any_statement_is_paid_once(scene: Scene) -> None:
    def prepare() -> None:
        scene.begin()
        withdraw(scene.gamer)

    def check(point: Point) -> None:
        work()
        assert scene.state() == ("PAID", 300, (0, 0), ["WITHDRAW", "PAYOUT"]), point

    assert every_point(paying.pay_due, prepare, check) >= 6
    assert_proven()


@pytest.mark.parametrize(("status", "end"), [("paid", "PAID"), ("rejected", "FAILED")])
def test_a_report_killed_at_any_statement_is_booked_once(
    scene: Scene, use_gateway: Callable[..., None], status: str, end: str
) -> None:
    with running_gateway() as gateway:
        use_gateway(gateway)
        gateway.pays_accepted = False

        def prepare() -> None:
            gateway.posts.append("accept")
            row = withdraw(scene.begin())
            paying.pay_due(most=1)
            gateway.status[str(row.pk)] = status

        def news() -> object:
            return Caller().post("/hooks/payouts", **signed(gateway.report(str(scene.withdrawal().pk)))).ok()

        def check(point: Point) -> None:
            news()
            news()
            assert scene.state()[0] == end, point
            assert len(scene.state()[3]) == 2, point

        assert every_point(news, prepare, check) >= 2
    assert_proven()


def test_a_return_killed_at_any_point_is_credited_once(scene: Scene, use_gateway: Callable[..., None]) -> None:
    with running_gateway() as gateway:
        use_gateway(gateway)

        def prepare() -> None:
            withdraw(scene.begin())
            paying.pay_due(most=1)
            assert scene.state() == ("PAID", 300, (0, 0), ["WITHDRAW", "PAYOUT"])

        def news() -> object:
            return tell(report_of(scene.withdrawal(), "reversed")).ok()

        def check(point: Point) -> None:
            news()
            news()
            kinds = ["WITHDRAW", "PAYOUT", "WITHDRAW_REVERSAL"]
            assert scene.state() == ("RETURNED", 300, (300, 0), kinds), point

        assert every_point(news, prepare, check) >= 2
    assert_proven()
