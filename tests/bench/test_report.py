"""The benchmark's own arithmetic: what it makes of numbers is told of the product for ever."""

import json
from pathlib import Path

import pytest

from benchmarks import options, report, targets, wrk
from benchmarks.profiling import listing
from benchmarks.soak import growth
from kgen.local.failure import Refused


def run(rate: float, *, p99: float = 10, errors: int = 0) -> dict[str, float | None]:
    return {
        "rate": rate,
        "p50": 5.0,
        "p99": p99,
        "errors": errors,
        "server_us": 100.0,
        "database_us": None,
        "valkey_us": None,
    }


def results_of(rates: list[float], floor: float, *, work: str = "score", p99: float = 10) -> report.Results:
    row = report.Row(work, work, 32, floor_name="floor", runs=[run(rate, p99=p99) for rate in rates])
    return report.Results({"when": "now"}, rows=[row], floors={"floor": [floor]})


def verdict_of(results: report.Results, target: targets.Target) -> str:
    (judged,) = report.judge(results, [target])
    return judged.verdict


def test_a_spread_is_the_median_between_the_least_and_the_most() -> None:
    assert report.Spread.of([3, None, 1, 8]) == report.Spread(3, 1, 8)
    assert report.Spread.of([None]) is None


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(349, "MISSED"), (350, "met"), (599, "met"), (600, "met, and the aim")],
)
def test_a_ratio_is_of_the_floor_of_the_same_run(rate: float, verdict: str) -> None:
    target = targets.Target("score", "ratio", 0.35, 0.60)
    assert verdict_of(results_of([rate, rate - 100, rate + 100], 1000), target) == verdict


def test_a_limit_is_met_from_below() -> None:
    target = targets.Target("score", "p99", 30)
    assert verdict_of(results_of([1], 1, p99=29.9), target) == "met"
    assert verdict_of(results_of([1], 1, p99=30), target) == "MISSED"


def test_a_missing_measurement_is_marked() -> None:
    assert {judged.verdict for judged in report.judge(report.Results({}))} == {"not measured"}


def test_more_connections_are_held_against_32() -> None:
    results = results_of([100], 1000, work="join")
    results.rows.append(report.Row("join", "join", 256, runs=[run(90)]))
    target = targets.Target("join", "against", targets.NOISE, connections=256)
    assert verdict_of(results, target) == "MISSED"
    results.rows[1].runs = [run(96)]
    assert verdict_of(results, target) == "met"


def test_the_table_shows_errors_and_faults() -> None:
    results = results_of([1000, 1200, 1100], 2000)
    results.rows[0].runs.append(run(1100, errors=7))
    results.faults.append("verify_ledger after: account 7")
    text = report.table(results)
    assert "| score | 32 | 1,100 (1,000–1,200) | 5.0 | 10.0 | 7 | 100 |  | 55% |" in text
    assert "**verify_ledger after: account 7**" in text


def test_the_facts_are_json_with_every_run() -> None:
    facts = json.loads(json.dumps(report.facts(results_of([1, 2, 3], 4))))
    assert [one["rate"] for one in facts["rows"][0]["runs"]] == [1, 2, 3]
    assert facts["medians"][0]["of_the_floor"] == 0.5


def test_publishing_replaces_what_stood_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("a\n<!-- table: written by --publish -->\nold\n<!-- end of table -->\nb\n")
    for text in ("new\n", "newer\n"):
        report.publish(page, "table", text)
    assert page.read_text() == "a\n<!-- table: written by --publish -->\nnewer\n<!-- end of table -->\nb\n"
    with pytest.raises(ValueError, match="no place for growth"):
        report.publish(page, "growth", "x")


def test_the_published_page_has_both_places(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text((Path(report.__file__).parent / "README.md").read_text())
    for name in ("table", "growth"):
        report.publish(page, name, f"{name} of the test\n")
        assert f"{name} of the test" in page.read_text()


def test_a_request_is_whole_and_its_length_stays_when_digits_go_in() -> None:
    raw = wrk.request("POST", "/score", {"token": "t"}, {"value": wrk.DIGITS, "name": f"new-{wrk.DIGITS}"})
    head, _, body = raw.replace(wrk.DIGITS.encode(), b"1234567").partition(b"\r\n\r\n")
    assert json.loads(body) == {"value": 1234567, "name": "new-1234567"}
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    assert head.startswith(b"POST /score HTTP/1.1\r\n")


def test_requests_are_dealt_out_to_all_threads(tmp_path: Path) -> None:
    assert wrk.write_pool(tmp_path, [b"a", b"b", b"c"]) == 3
    assert [(tmp_path / f"pool.{thread}").read_bytes() for thread in range(wrk.THREADS)] == [b"a\x1ec\x1e", b"b\x1e"]


def test_a_missing_load_generator_is_reported_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refused, match="apt install wrk"):
        wrk.require_wrk()


def test_by_default_everything_shares_the_first_two_cores() -> None:
    whole = options.read([], [2, 3, 5, 7])
    assert (whole.gamers, whole.runs, whole.connections, whole.cores) == (100_000, 3, (32, 256), (2, 3))
    quick = options.read(["--quick", "--runs", "2", "--cores", "7"], [2, 3])
    assert (quick.gamers, quick.runs, quick.seconds, quick.cores) == (10_000, 2, 3, (7,))


def test_growth_of_memory_is_from_the_second_quarter_to_the_last() -> None:
    assert growth([50, 60, 100, 100, 100, 100, 110, 110])["growth_percent"] == pytest.approx(10)
    assert growth([100, 100])["growth_percent"] is None


def test_a_profile_counts_a_recursive_function_once() -> None:
    text = listing(["process 1;main;work;work 3", "process 1;main;rest 1"])
    own, below = text.split("in it and what it calls")
    assert " 75.0%  work" in own
    assert "main" not in own
    assert "100.0%  main" in below
    assert " 75.0%  work" in below
