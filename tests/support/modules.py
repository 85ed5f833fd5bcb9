"""The source files of the product, for tests that read code."""

from pathlib import Path

from tests.support.documents import ROOT


def product_modules() -> list[Path]:
    """Every module of the product: no tests, benchmarks or migrations."""
    apps = sorted(folder for folder in ROOT.iterdir() if (folder / "__init__.py").exists())
    roots = [folder for folder in apps if folder.name not in ("tests", "benchmarks")]
    return [module for root in roots for module in sorted(root.rglob("*.py")) if "migrations" not in module.parts]
