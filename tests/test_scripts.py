"""The scripts: what they install and when, what they say when they cannot, what they run.

Nothing is installed here: a stand-in for Python writes down what it is asked to do.
"""

import os
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
TOOLS = ("bash", "cat", "chmod", "cksum", "cp", "dirname", "grep", "mkdir", "tail")
CONSTRAINTS = (ROOT / "constraints.txt").read_text().splitlines()


@pytest.mark.parametrize("name", ["demo", "test", "check", "bench", "docs", "soak"])
def test_the_script_can_be_run(name: str) -> None:
    assert os.access(SCRIPTS / name, os.X_OK)
    subprocess.run(["bash", "-n", SCRIPTS / name], check=True)  # noqa: S603, S607 - ours


def test_the_constraints_are_versions_and_nothing_else() -> None:
    # A marker stands where a version is not for every Python that is: Debian 12 has 3.11.2.
    form = re.compile(
        r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; python_full_version [<>]=? \"[\d.]+\")?"
    )
    assert all(form.fullmatch(line) for line in CONSTRAINTS)


def test_all_that_the_tests_need_is_constrained() -> None:
    constrained = {canonicalize_name(line.partition("==")[0]) for line in CONSTRAINTS}
    assert needed_by("storage-stream", "dev") - {"storage-stream"} <= constrained


def needed_by(name: str, *extras: str) -> set[str]:
    """The distributions that one needs here, itself included."""
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(canonicalize_name(name), frozenset(extras))]
    while todo:
        distribution, wanted = todo.pop()
        if (distribution, wanted) in seen:
            continue
        seen.add((distribution, wanted))
        found.add(distribution)
        for text in metadata.requires(distribution) or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *wanted)):
                todo.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return found


class Project:
    """A copy of what `_venv.sh` works on, with a PATH that holds the tools it needs and no more."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.path = folder / "bin"
        self.calls = folder / "calls"
        (self.root / "scripts").mkdir(parents=True)
        self.path.mkdir()
        for name in ("pyproject.toml", "constraints.txt", "scripts/_venv.sh"):
            shutil.copy(ROOT / name, self.root / name)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.path / tool).symlink_to(found)

    def python(
        self, name: str, *, suitable: bool = True, pip_status: int = 0, failing: str = ""
    ) -> None:
        """Put a stand-in for Python on the PATH."""
        stand_in = self.path / name
        stand_in.write_text(
            f"""#!{shutil.which("bash")}
            echo "{name} $*" >>'{self.calls}'
            case "$*" in
              --version) echo "Python stand-in" ;;
              *"import sys, venv, ensurepip"*) exit {0 if suitable else 1} ;;
              "-m venv"*) mkdir -p "${{@: -1}}/bin" && cp "$0" "${{@: -1}}/bin/python" ;;
              {failing or "nothing"}) exit 1 ;;
              "-m pip"*) echo "pip's last words"; exit {pip_status} ;;
            esac
            """
        )
        stand_in.chmod(0o755)

    def ensure(self, extra: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `ensure_venv`."""
        return subprocess.run(  # noqa: S603 - ours
            [self.path / "bash", "-euc", f"source scripts/_venv.sh; ensure_venv {extra}"],
            cwd=self.root,
            env={"PATH": str(self.path), **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def test(self, *arguments: str, failing: str = "") -> subprocess.CompletedProcess[str]:
        """Run `scripts/test` with a stand-in for Python that fails at a command like `failing`."""
        self.python("python3", failing=failing)
        return self.run("test", *arguments)

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script."""
        shutil.copy(SCRIPTS / name, self.root / "scripts" / name)
        return subprocess.run(  # noqa: S603 - ours
            [self.path / "bash", f"scripts/{name}", *arguments],
            cwd=self.root,
            env={"PATH": str(self.path)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def modules_run(self) -> list[str]:
        """What was run as `python -m`, without what makes the virtual environment."""
        found = re.findall(r" -m (.+)", self.calls.read_text())
        return [line for line in found if not line.startswith(("venv", "pip"))]

    def installed(self) -> list[str]:
        """The extras that pip was told to install, in order."""
        return re.findall(r"--editable \S+\[(\w+)\]", self.calls.read_text())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("name", ["check", "docs", "package", "test"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_script_says_what_it_does_before_anything_is_installed(
    project: Project, name: str, option: str
) -> None:
    shown = project.run(name, option)
    lines = [line.removeprefix("# ") for line in (SCRIPTS / name).read_text().splitlines()[1:]]
    assert shown.stdout.splitlines() == lines[: lines.index("set -euo pipefail")]
    assert (shown.returncode, shown.stderr) == (0, "")
    assert not (project.root / ".venv").exists()


def test_the_newest_python_that_will_do_is_taken(project: Project) -> None:
    project.python("python3")
    project.python("python3.13")
    project.python("python3.14", suitable=False)
    assert project.ensure("cli").returncode == 0
    made = [line for line in project.calls.read_text().splitlines() if "-m venv" in line]
    assert [line.split()[0] for line in made] == ["python3.13"]


def test_no_python_is_a_clear_sentence(project: Project) -> None:
    project.python("python3", suitable=False)
    done = project.ensure("cli")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (project.root / ".venv").exists()


def test_a_python_that_was_named_must_do(project: Project) -> None:
    project.python("python3")
    done = project.ensure("cli", PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "PYTHON=/nowhere/python3 is no Python 3.11" in done.stderr


def test_the_second_time_nothing_is_installed(project: Project) -> None:
    project.python("python3")
    assert "Making .venv" in project.ensure("dev").stderr
    second = project.ensure("dev")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    project.ensure("cli")  # dev includes it
    assert project.installed() == ["dev"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_what_changed_is_installed_again(project: Project, name: str) -> None:
    project.python("python3")
    project.ensure("cli")
    with (project.root / name).open("a") as file:
        file.write("\n")
    project.ensure("cli")
    assert project.installed() == ["cli", "cli"]
    assert project.calls.read_text().count("-m venv") == 1


def test_a_failed_installation_is_told_and_tried_again(project: Project) -> None:
    project.python("python3", pip_status=1)
    for _ in range(2):
        done = project.ensure("cli")
        assert done.returncode == 1
        assert "pip's last words" in done.stderr
        assert "The installation failed" in done.stderr
    assert project.installed() == ["cli", "cli"]


def test_all_tests_are_the_gate_and_then_the_rest(project: Project) -> None:
    assert project.test().returncode == 0
    run = project.modules_run()
    assert sorted(run[:2]) == [  # side by side
        "coverage run -m pytest tests/protocol --ignore-glob=*_properties.py",
        "pytest tests/protocol/*_properties.py",
    ]
    assert run[2:] == [
        "coverage report",
        "pytest --numprocesses auto --dist worksteal --ignore tests/protocol",
    ]


@pytest.mark.parametrize("failing", ["coverage run", "pytest tests/protocol"])
def test_where_a_test_of_the_pure_floor_fails_nothing_else_is_run(
    project: Project, failing: str
) -> None:
    assert project.test(failing=f'"-m {failing}"*').returncode == 1
    assert len(project.modules_run()) == 2


def test_without_whole_coverage_nothing_else_is_run(project: Project) -> None:
    assert project.test(failing='*"coverage report"').returncode == 1
    assert project.modules_run()[-1] == "coverage report"


def test_arguments_go_to_pytest(project: Project) -> None:
    assert project.test("tests/pipeline", "-k", "two words").returncode == 0
    assert project.modules_run() == ["pytest tests/pipeline -k two words"]


def test_the_gate_is_whole_coverage_with_branches() -> None:
    coverage = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
    assert coverage["report"]["fail_under"] == 100
    assert coverage["run"] == {"branch": True, "source": ["storage_stream/_protocol"]}


def test_without_a_browser_the_other_tests_are_run(project: Project) -> None:
    done = project.test(failing="*chromium_program.py")
    assert done.returncode == 0
    assert "tests/browser cannot run" in done.stderr
    assert project.modules_run()[-1].startswith("pytest --numprocesses")
