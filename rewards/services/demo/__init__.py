"""The demo games. The top app alone may call the others' services; the demo's own play is an HTTP client."""

from rewards.services.demo.rich import seed_rich
from rewards.services.demo.welcome import may_be_seeded, seed

__all__ = ["may_be_seeded", "seed", "seed_rich"]
