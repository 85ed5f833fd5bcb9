"""`python -m benchmarks [--quick] [--only score,balance] …`; see --help and README.md."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import options as choices
from benchmarks import report, wrk
from benchmarks.about import about
from benchmarks.against import comparing, ratios
from benchmarks.seeder import SeedingFailed
from benchmarks.stack import running_stack
from kgen.local import home as homes
from kgen.local.failure import Refused, StopRequested
from kgen.local.supervisor import say

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"


def main(arguments: list[str]) -> int:
    """0 when all was measured and nothing went wrong; 1 after a fault of the product; 130 after Ctrl-C.

    A comparison only reports: 0 whatever it found.
    """
    options = choices.read(arguments, _cores())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, options.cores)
    home = homes.chosen_path() / "bench"
    try:
        wrk.require_wrk()
        folder = Path(options.results or FOLDER / "results")
        folder.mkdir(parents=True, exist_ok=True)
        code = (_compare if options.against else _measure)(home, options, folder)
    except StopRequested:
        return 130
    except Refused as refusal:
        sys.stderr.write(f"kgen: {refusal}\n")
        return refusal.code
    except SeedingFailed as failure:
        sys.stderr.write(f"kgen: {failure}\n")
        return 1
    if code == 0:
        homes.reset(home)
    return code


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def _compare(home: Path, options: choices.Options, folder: Path) -> int:
    found = ratios.Comparison()
    try:
        comparing.compare(home, options, found)
    except StopRequested:
        found.faults.append("stopped before the end")
        raise
    finally:
        if found.rows:
            text = ratios.table(found)
            path = _write(folder, "against-", ratios.facts(found), text)
            say(f"\n{text}\nbench: saved as {path}.json and .md")
    return 0


def _measure(home: Path, options: choices.Options, folder: Path) -> int:
    with running_stack(home) as stack:
        os.environ.update(stack.services.environment, DJANGO_SETTINGS_MODULE="kgen.settings")
        import django

        django.setup()
        # Models can be imported only from here on.
        from benchmarks import profiling, running

        if options.profile:
            profiling.profile(stack, options, folder)
            return 0
        if options.growth:
            from benchmarks import growth

            return _save_growth(growth.measure_growth(stack, options), folder, publish=options.publish)
        results = report.Results(about(options, stack.services))
        try:
            running.measure_everything(stack, options, results)
        except StopRequested:
            # What was measured until then took long enough.
            results.faults.append("stopped before the end")
            _save(results, folder, publish=False)
            raise
        return _save(results, folder, publish=options.publish)


def _save(results: report.Results, folder: Path, *, publish: bool) -> int:
    text = report.table(results)
    path = _write(folder, "", report.facts(results), text)
    say(f"\n{text}\nbench: saved as {path}.json and .md")
    if publish:
        report.publish(README, "table", text)
    return _verdict(results.faults)


def _save_growth(found: dict[int, report.Results], folder: Path, *, publish: bool) -> int:
    from benchmarks import growth

    text = growth.table(found)
    path = _write(folder, "growth-", {str(size): report.facts(results) for size, results in found.items()}, text)
    growth.plot(found, path.with_suffix(".svg"))
    say(f"\n{text}\nbench: saved as {path}.json, .md and .svg")
    if publish:
        growth.plot(found, FOLDER / "growth.svg")
        report.publish(README, "growth", f"![requests a second over gamers](growth.svg)\n\n{text}")
    return _verdict([fault for results in found.values() for fault in results.faults])


def _write(folder: Path, prefix: str, facts: dict[str, Any], text: str) -> Path:
    path = folder / f"{prefix}{datetime.now(UTC):%Y%m%d-%H%M%S}"
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    path.with_suffix(".md").write_text(text)
    return path


def _verdict(faults: list[str]) -> int:
    for fault in faults:
        say(f"bench: FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
