"""A case is right only if everything that is expected of it holds."""

from pathlib import Path

from scripts import run_cases
from scripts.run_cases import Outcome, faults_of, run_case

FINE = Outcome("rc=0\nn=3\n", frozenset({"out.json"}), 1.0, ended=True)


def test_a_case_runs_in_a_copy_with_what_it_says_and_leaves(tmp_path: Path) -> None:
    case = tmp_path / "01_small"
    case.mkdir()
    (case / "run.sh").write_text('cd "$(dirname "$0")"; echo rc=0; echo warn >&2; touch made\n')
    outcome = run_case(case, 60)
    assert (outcome.output, outcome.ended) == ("rc=0\nwarn\n", True)
    assert outcome.files == {"run.sh", "made"}
    assert not (case / "made").exists()


def test_a_case_that_goes_on_is_ended_and_late_unless_it_has_to_wait(tmp_path: Path) -> None:
    case = tmp_path / "01_slow"
    case.mkdir()
    (case / "run.sh").write_text("echo here; sleep 300 | cat\n")
    outcome = run_case(case, 1)
    assert (outcome.output, outcome.ended) == ("here\n", False)
    assert any("late" in fault for fault in faults_of(outcome, {"says": ["here"]}))
    assert not list(faults_of(outcome, {"says": ["here"], "waits": True}))


def test_each_expectation_is_compared() -> None:
    right = {"says": ["^rc=0$"], "numbers": {r"^n=(\d+)": [3, 3]}, "files": ["*.json"]}
    assert not list(faults_of(FINE, right))
    for wrong in (
        {}, {"says": ["^rc=1"]}, {"never": ["rc"]}, {"numbers": {r"n=(\d+)": [4, 5]}},
        {"numbers": {r"m=(\d+)": [4, 5]}}, {"files": ["*.csv"]}, {"no_files": ["out.json"]},
        {"waits": True},
    ):  # fmt: skip
        assert len(list(faults_of(FINE, wrong))) == 1, wrong


def test_every_expectation_can_be_read() -> None:
    names = [file.stem for file in run_cases.EXPECTED.glob("*.yaml")]
    assert names
    assert all(run_cases.expectation(name) for name in names)
