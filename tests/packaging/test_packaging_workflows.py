"""The workflows call the scripts that are there, on the Pythons that the package says it has."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # no types

ROOT = Path(__file__).parents[2]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github/workflows").glob("*.yml")
}
pytestmark = pytest.mark.skipif(
    not WORKFLOWS and not (ROOT / ".git").exists(), reason="only the repository has workflows"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_pythons_are_those_of_the_classifiers() -> None:
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_ci_runs_what_a_clone_runs() -> None:
    by_hand = re.findall(
        r"(?m)^scripts/\S+(?: [\w-]+)*", (ROOT / ".ci/run").read_text(encoding="utf-8")
    )
    called = {
        step["run"].removesuffix(" --to dist") for step in steps(WORKFLOWS["ci"]) if "run" in step
    }
    assert called == set(by_hand)


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_scripts_are_there_and_rights_are_few(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    for step in steps(workflow):
        for script in re.findall(r"scripts/\w+", step.get("run", "")):
            assert (ROOT / script).exists()
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"] == {"persist-credentials": False}


def test_only_the_job_that_publishes_has_an_identity() -> None:
    jobs = [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]
    with_rights = [job for job in jobs if "permissions" in job]
    assert [job["permissions"] for job in with_rights] == [{"id-token": "write"}]
    assert all("run" not in step for step in with_rights[0]["steps"])
