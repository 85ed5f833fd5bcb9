"""The seeds of the demo games. They call every app's services; the demo's own play is an HTTP client."""

from demo.seeds.rich import seed_rich
from demo.seeds.welcome import may_be_seeded, seed

__all__ = ["may_be_seeded", "seed", "seed_rich"]
