"""Two revisions in turn: what is made of their runs, and how the other one comes into its folder."""

import inspect
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import options, seed
from benchmarks.against import ratios, revision
from benchmarks.report import Spread
from benchmarks.seeder import Seeder, serve
from kgen.local.failure import Refused


def run(rate: float, *, errors: int = 0) -> dict[str, Any]:
    return {"rate": rate, "p99": 10.0, "errors": errors, "server_us": 100.0, "database_us": None}


def pairs(this: list[float], other: list[float], **also: int) -> ratios.Pairs:
    return ratios.Pairs("score", "score", 32, [run(rate, **also) for rate in this], [run(rate) for rate in other])


def test_ratios_are_of_runs_of_the_same_round() -> None:
    # The machine is twice as fast in the second round: rates of different rounds say nothing about each other.
    assert pairs([100, 220, 90], [100, 200, 100]).ratios == pytest.approx([1.0, 1.1, 0.9])
    assert pairs([100, 220, 90], [100, 200, 100]).spread == Spread(
        pytest.approx(1.0), pytest.approx(0.9), pytest.approx(1.1)
    )


def test_a_round_without_an_answer_or_a_partner_has_no_ratio() -> None:
    assert pairs([100, 0, 50, 70], [100, 100, 0]).ratios == [1.0]
    assert pairs([0], [100]).spread is None
    assert pairs([0], [100]).verdict == "NOT MEASURED"


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [([95, 95, 95], ""), ([94, 94, 200], "SLOWER than 0.95"), ([94, 200, 200], "")],
)
def test_only_a_median_below_the_noise_is_marked(rates: list[float], verdict: str) -> None:
    assert pairs(rates, [100, 100, 100]).verdict == verdict


def test_errors_are_marked_since_a_refusal_may_be_quick() -> None:
    row = pairs([90, 90], [100, 100], errors=2)
    assert row.errors == (4, 0)
    assert row.verdict == "SLOWER than 0.95; errors"


def comparison() -> ratios.Comparison:
    rows = [pairs([1000, 900, 1200], [2000, 1000, 1000]), ratios.Pairs("top", "top 100", 256)]
    return ratios.Comparison({"when": "now"}, "this tree (1a)", "main (2b)", rows, ["other: status=500"])


def test_the_table_shows_ratio_spread_and_both_medians() -> None:
    text = ratios.table(comparison())
    assert "| score | 32 | 0.90 (0.50–1.20) | 1,000 / 1,000 | 10.0 / 10.0 | 100 / 100 | – / – | 0 / 0 |" in text
    assert "**SLOWER than 0.95**" in text
    assert "| top 100 | 256 |  | – / – | – / – | – / – | – / – | 0 / 0 | **NOT MEASURED** |" in text
    assert "the rate of this tree (1a) / that of main (2b)" in text
    assert "1 of 2 compared, 1 slower than 0.95." in text
    assert "**other: status=500**" in text


def test_the_facts_are_json_with_every_run_and_ratio() -> None:
    found = json.loads(json.dumps(ratios.facts(comparison())))
    assert [one["rate"] for one in found["rows"][0]["other"]] == [2000, 1000, 1000]
    assert found["ratios"][0]["ratios"] == [0.5, 0.9, 1.2]
    assert found["ratios"][0]["ratio"] == {"median": 0.9, "least": 0.5, "most": 1.2}
    assert found["ratios"][1]["ratio"] is None


def test_a_comparison_has_shorter_runs_and_an_even_number_of_them() -> None:
    whole = options.read(["--against", "main", "--calls", "score,top"], [0, 1])
    assert (whole.against, whole.only, whole.runs, whole.seconds, whole.gamers) == ("main", "score,top", 6, 5, 100_000)
    quick = options.read(["--against", "main", "--quick", "--rounds", "4"], [0, 1])
    assert (quick.runs, quick.seconds, quick.gamers) == (4, 2, 10_000)


@pytest.mark.parametrize("other", [["--growth"], ["--soak", "9"], ["--profile", "score"], ["--publish"]])
def test_a_comparison_takes_no_other_mode(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.read(["--against", "main", *other], [0, 1])
    assert "--against: not with" in capsys.readouterr().err


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: the second has another file and other packages."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for number in (1, 2):
        (folder / "product.py").write_text(f"revision = {number}\n")
        (folder / "requirements-dev.txt").write_text(f"package=={number}\n")
        (folder / ".python-version").write_text("3.13\n")
        commands = (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", str(number)])
        for command in commands:
            identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
            subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)
    return folder


def test_a_revision_is_brought_into_its_folder_and_leaves_no_trace(repository: Path, tmp_path: Path) -> None:
    (repository / "product.py").write_text("not committed\n")
    folder = tmp_path / "revision"
    revision.extract(revision.commit_of("HEAD~1", repository), repository, folder)
    assert (folder / "product.py").read_text() == "revision = 1\n"
    assert not (folder / ".git").exists()
    assert not folder.with_suffix(".tar").exists()
    assert (repository / "product.py").read_text() == "not committed\n"
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=repository, check=True, capture_output=True, text=True)
    assert len(worktrees.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", ["nothing-of-that-name", "HEAD:product.py", "--all", ""])
def test_an_unknown_revision_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(Refused, match="is to be a commit, a branch or a tag"):
        revision.commit_of(name, repository)


def test_packages_are_shared_only_where_both_want_the_same(repository: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same", tmp_path / "other"
    revision.extract(revision.commit_of("HEAD", repository), repository, same)
    revision.extract(revision.commit_of("HEAD~1", repository), repository, other)
    assert revision.wants_same_packages(same, repository)
    assert not revision.wants_same_packages(other, repository)
    (same / ".python-version").write_text("3.14\n")
    assert not revision.wants_same_packages(same, repository)
    (same / ".python-version").unlink()
    assert not revision.wants_same_packages(same, repository)


def test_the_seed_keeps_what_later_revisions_call_by_name() -> None:
    parameters = {
        name: list(inspect.signature(getattr(seed, name)).parameters)
        for name in ("make_world", "open_tournament", "fill", "end", "ask")
    }
    assert parameters == {
        "make_world": ["number", "gamers", "crowd"],
        "open_tournament": ["client", "size", "stake", "table"],
        "fill": ["world", "tournament", "scored"],
        "end": ["tournament"],
        "ask": ["statement", "arguments"],
    }
    facts = {"client", "secret", "gamers", "main", "large", "tokens"}
    assert facts <= set(seed.World.__dataclass_fields__)
    assert seed.STAKE > 0


def test_a_seeder_answers_each_order_with_a_line_also_one_that_fails() -> None:
    answers = io.StringIO()
    serve(Seeder(seed), io.StringIO('["open_tournament", []]\n["no_such_order", []]\n'), answers)
    refused, unknown = (json.loads(line) for line in answers.getvalue().splitlines())
    assert refused["error"].startswith("AttributeError: 'NoneType'")
    assert "no_such_order" in unknown["error"]
