"""The demo's folder: a copy of the sample, the product's repository, and an Airflow home. Made anew every time.

::

    <home>/
        dags/phasegate.py                    what a user of Phasegate writes into the DAG folder
        dags/workflows/orders_mart.yaml      the sample's spec, with personas/ beside it
        orders/                              the product's git repository, at its first commit
        airflow/                             AIRFLOW_HOME: airflow.cfg, database, evidence, keys
        logs/                                one file a component, and the task logs
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dag_factory.errors import PhasegateError
from dag_factory.workspace.git import git

__all__ = ["RUN", "WORKFLOW", "DemoHome", "fresh_home", "sample", "without_slip"]

WORKFLOW = "orders_mart"
RUN = "demo"

_SLIP = ("sum(row[3] for row in mart)", "sum(row[2] for row in mart)")  # partners are counted where orders were meant
_MARK = ".phasegate-demo"
_LOADER = '''"""Makes an Airflow DAG of every workflow spec in `workflows/`."""

from dag_factory import load_workflows

load_workflows(globals(), "workflows")
'''
_LITTER = shutil.ignore_patterns("__pycache__", "*.pyc", ".pytest_cache", "build", "*.db", ".coverage", ".DS_Store")
_BEGINNING = {"GIT_AUTHOR_DATE": "2026-11-23T06:00:00+00:00", "GIT_COMMITTER_DATE": "2026-11-23T06:00:00+00:00"}


@dataclass(frozen=True)
class DemoHome:
    """Where everything of one demo lies; `root` is absolute."""

    root: Path

    @property
    def before(self) -> Path:
        """Where the last demo before this one that left evidence is kept."""
        return self.root.with_name(f"{self.root.name}-before")

    @property
    def dags(self) -> Path:
        """Airflow's DAG folder."""
        return self.root / "dags"

    @property
    def spec(self) -> Path:
        """The copied spec."""
        return self.dags / "workflows" / f"{WORKFLOW}.yaml"

    @property
    def personas(self) -> Path:
        """The copied personas, beside the spec."""
        return self.spec.parent / "personas"

    @property
    def product(self) -> Path:
        """The product's repository."""
        return self.root / "orders"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "airflow"

    @property
    def evidence(self) -> Path:
        """The evidence store, where `[phasegate] evidence_root` has it by default."""
        return self.airflow / "phasegate" / "evidence"

    @property
    def logs(self) -> Path:
        """What the components print; the task logs are in `tasks` below."""
        return self.root / "logs"


def without_slip(personas: Path) -> None:
    """Take out of a copy of the sample's personas the one slip that its engineer makes in the first version; for runs that are about something else.

    Raises
    ------
    PhasegateError: it is not there.

    """
    report = personas / "work" / "software-engineer" / "daily_mart" / "src" / "report.py"
    text = report.read_text(encoding="utf-8")
    if text.count(_SLIP[0]) != 1:
        raise PhasegateError(
            f"{report} does not hold {_SLIP[0]!r} once: this does not fit the sample.", remedy="Mend dag_factory/cli/demo/home.py."
        )
    report.write_text(text.replace(*_SLIP), encoding="utf-8")


def sample() -> Path:
    """The sample: packaged with the command, or `examples/orders` of the checkout it runs from.

    Raises
    ------
    PhasegateError: it is in neither place.

    """
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "sample", here.parents[3] / "examples" / "orders"):
        if (folder / "workflow.yaml").is_file():
            return folder
    raise PhasegateError(f"The sample is not installed with {here.parents[2]}.", remedy="Install airflow-phasegate again.")


@contextmanager
def fresh_home(root: Path) -> Iterator[DemoHome]:
    """Make the demo's folder anew, and keep other demos out of it while this one lasts.

    Raises
    ------
    PhasegateError: a demo is running there, it holds what no demo made, or it cannot be written.

    """
    home = DemoHome(root.expanduser().resolve())
    if not home.root.name:
        raise PhasegateError(f"{home.root} is no place for a demo.", remedy="Choose another folder with --home.")
    with _alone(home.root, home):
        try:
            _clear(home)
            _furnish(home)
        except OSError as error:
            raise _unwritable(home, error) from error
        yield home


@contextmanager
def _alone(folder: Path, home: DemoHome) -> Iterator[None]:
    """Keep other demos out of a folder."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f"{folder.name}.lock").open("a")
    except OSError as error:
        raise _unwritable(home, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PhasegateError(
                f"Another demo is running in {folder}.", remedy="Wait for it, or choose another folder with --home."
            ) from error
        yield


def _clear(home: DemoHome) -> None:
    """Make room; what an earlier demo left as evidence is moved aside, and replaces what was there from the one before that."""
    _refuse_strange(home.root)
    if home.evidence.is_dir() and any(home.evidence.iterdir()):
        _refuse_strange(home.before)
        with (
            _alone(home.before, home),
            tempfile.TemporaryDirectory(dir=home.root.parent, prefix=".demo-", ignore_cleanup_errors=True) as aside,
        ):
            with suppress(FileNotFoundError):
                home.before.rename(Path(aside) / "old")
            home.root.rename(home.before)
    elif home.root.exists():
        shutil.rmtree(home.root)
    home.root.mkdir()
    (home.root / _MARK).write_text("Made by `phasegate demo`, which replaces this folder every time.\n", encoding="utf-8")


def _refuse_strange(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file()):
        raise PhasegateError(f"{folder} holds what no demo made, and will not be replaced.", remedy="Choose another folder with --home.")


def _furnish(home: DemoHome) -> None:
    source = sample()
    for folder in (home.spec.parent, home.airflow, home.logs):
        folder.mkdir(parents=True)
    (home.dags / "phasegate.py").write_text(_LOADER, encoding="utf-8")
    (home.dags / ".airflowignore").write_text("workflows/\n", encoding="utf-8")  # personas are programs, not DAG files
    shutil.copyfile(source / "workflow.yaml", home.spec)
    shutil.copytree(source / "personas", home.personas, ignore=_LITTER)
    shutil.copytree(source / "repo", home.product, ignore=_LITTER)
    git("init", "--quiet", "--initial-branch=main", "--template=", str(home.product), git_dir=None, cwd=home.root)
    git_dir = home.product / ".git"
    git("add", "--all", git_dir=git_dir, work_tree=home.product, cwd=home.product)
    message = "--message=Where the repository starts"
    git("commit", "--quiet", message, git_dir=git_dir, work_tree=home.product, cwd=home.product, env=_BEGINNING)


def _unwritable(home: DemoHome, error: OSError) -> PhasegateError:
    return PhasegateError(
        f"The demo cannot be made in {home.root}: {error.strerror or error}.", remedy="Choose another folder with --home."
    )
