"""The page of a gamer's prize: the reward, its claim, and its holds."""

from typing import Any
from uuid import UUID

from django.http import Http404

from kgen.admin_site.actions import ConsoleAction, operator_id
from kgen.admin_site.names import operator_names
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import may_touch
from rewards.models import Reward, RewardStatus
from rewards.selectors import hold_steps_of, reward_of
from rewards.services import holding

HOLD = ConsoleAction("reward.hold", "rewards.hold_reward")
RELEASE = ConsoleAction("reward.release", "rewards.hold_reward")
FORFEIT = ConsoleAction("reward.forfeit", "rewards.hold_reward")


@page
class PrizePage(ConsolePage):
    """A gamer's reward. An operator holds it for review, then releases or forfeits it."""

    route = "play/participations/<uuid:pk>/prize/"
    name = "prize_page"
    title = "Prize"
    permission = "rewards.view_reward"
    template_name = "console/prize.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        reward = self.reward(kwargs["pk"])
        steps = hold_steps_of(reward)
        names = operator_names(step.operator_id for step in steps)
        return {
            "title": f"Prize of {reward.gamer.user_id}",
            "reward": reward,
            "is_unclaimed": reward.status == RewardStatus.UNCLAIMED,
            "is_held": reward.status == RewardStatus.HELD,
            "steps": [(step, names.get(step.operator_id, "")) for step in steps],
        }

    def reward(self, pk: UUID) -> Reward:
        """The reward of a participation.

        :raises Http404: there is none, or its client is outside the operator's limit.
        """
        found = reward_of(pk)
        if found is None or not may_touch(self.request.user, found.client_id):
            raise Http404
        return found

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        reward = self.reward(kwargs["pk"])
        return [
            ("Tournaments", address("esports_tournament_changelist")),
            (reward.tournament.title, address("tournament_page", pk=reward.tournament_id)),
            ("Settlement", address("tournament_settlement", pk=reward.tournament_id)),
            (
                f"Participation of {reward.gamer.user_id}",
                address("participation_page", pk=reward.participation_id),
            ),
        ]

    @does(HOLD)
    def hold(self, *, pk: UUID) -> None:
        """Hold the reward: it can neither be claimed nor expire."""
        self.do(HOLD, holding.hold_reward, pk, "Held: it can neither be claimed nor expire until you decide.")

    @does(RELEASE)
    def release(self, *, pk: UUID) -> None:
        """Release the reward: the gamer can claim it again."""
        self.do(RELEASE, holding.release_reward, pk, "Released: the gamer can claim it.")

    @does(FORFEIT)
    def forfeit(self, *, pk: UUID) -> None:
        """Forfeit the reward to the house for good."""
        self.do(FORFEIT, holding.forfeit_reward, pk, "Forfeited: it went to the house for good.")

    def do(self, decision: ConsoleAction, service: Any, pk: UUID, done: str) -> None:
        """Call a service of `rewards.services.holding` on this page's reward."""
        reward = self.reward(pk)
        self.run(
            decision,
            lambda: service(reward_id=reward.pk, operator_id=operator_id(self.request), reason=self.reason),
            subject=reward,
            done=done,
        )
