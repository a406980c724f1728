"""What docs/install.md says, done word for word: wheel, loader, spec, run, upgrade and uninstall, without the Makefile.

The environment is fresh and has nothing of its own. To be quick it does not install Airflow again: a .pth file lets it see the third-party packages
of the environment the tests run in, through a folder of links that leaves out this project (its editable install and its metadata). `airflow` and
`pip` are put into its `bin`, as in any environment with Airflow. The workflow runs by `airflow dags test`, which is Airflow's own task runner with its
execution API in one process. pip contacts nobody.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml

import dag_factory

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARKED = re.compile(r"<!-- (\w+)(?:: ([^>]+))? -->\n```\w*\n(.*?)```", re.DOTALL)
OURS = re.compile(r"phasegate|^dag_factory$", re.IGNORECASE)
SIBLING = """\
# A dag of somebody else's, for airflow.
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("sibling"):
    EmptyOperator(task_id="nothing")
"""


def blocks(kind: str, page: str = PAGE) -> dict[str, str]:
    """The page's blocks of one kind, by name."""
    return {name or str(number): text for number, (found, name, text) in enumerate(MARKED.findall(page)) if found == kind}


def project(folder: Path, version: str) -> Path:
    """What the wheel is built from, as some version."""
    folder.mkdir(parents=True)
    for name in ("dag_factory", "plugins", "examples", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "attacks", folder / "tests" / "attacks")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, folder / name)
    front = folder / "dag_factory" / "__init__.py"
    before = front.read_text(encoding="utf-8")
    front.write_text(before.replace(f'"{dag_factory.__version__}"', f'"{version}"'), encoding="utf-8")
    return folder


def built(folder: Path, wheels: Path) -> Path:
    """Build the wheel by the page's command, but with the build back end that is here already."""
    command = blocks("try")["build"].strip().replace("python -m build", f"{sys.executable} -m build --no-isolation")
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(wheels, ignore_errors=True)
    shutil.copytree(folder / "wheels", wheels)
    return next(wheels.glob("*.whl"))


class Deployment:
    """Somebody's Airflow: an environment, an AIRFLOW_HOME with a DAG of their own, a database."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root / "home"
        self.bin = root / "environment" / "bin"
        venv.create(root / "environment", symlinks=True)
        self._lend_packages()
        self.dags = self.home / "dags"
        self.dags.mkdir(parents=True)
        (self.dags / "sibling.py").write_text(SIBLING, encoding="utf-8")
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        self.environment = kept | {
            "PATH": os.pathsep.join([str(self.bin), os.environ.get("PATH", os.defpath)]),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "CONSTRAINTS": str(self._constraints()),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_CONFIG_FILE": os.devnull,
        }

    def _lend_packages(self) -> None:
        lent = self.root / "packages"
        lent.mkdir()
        for key in ("purelib", "platlib"):
            for path in Path(sysconfig.get_path(key)).iterdir():
                if not (OURS.search(path.name) or path.suffix == ".pth"):
                    link = lent / path.name
                    if not link.exists():
                        link.symlink_to(path)
        own = next((self.root / "environment" / "lib").glob("python3*")) / "site-packages"
        (own / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
        for name, module in (("airflow", "airflow.__main__"), ("pip", "pip._internal.cli.main")):
            program = self.bin / name
            program.write_text(f"#!{self.bin}/python\nimport sys\nfrom {module} import main\nsys.exit(main())\n", encoding="utf-8")
            program.chmod(0o755)

    def _constraints(self) -> Path:
        """What is installed, pinned: it must stay as it is."""
        found = sorted((self.root / "packages").glob("*.dist-info"))
        path = self.root / "constraints.txt"
        pins = [re.sub(r"^(.+)-([^-]+)$", r"\1==\2", folder.name.removesuffix(".dist-info")) for folder in found]
        path.write_text("\n".join(pins) + "\n", encoding="utf-8")
        return path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command where the page has its reader stand."""
        return subprocess.Popen(words, cwd=self.home, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def follow(self, name: str, page: str = PAGE, where: Path | None = None, seconds: float = 180) -> str:
        """Do what a block of a page says, and keep what it exports for those that follow."""
        text = blocks("try", page)[name]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=where or self.home, env=self.environment, capture_output=True, text=True, timeout=seconds,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}:\n{text}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        (self.root / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        self.environment |= dict(re.findall(r"^export (\w+)=(\S+)", text, re.MULTILINE))
        return done.stdout + done.stderr

    def python(self, code: str) -> str:
        """What a program prints in this environment."""
        return subprocess.run(
            [self.bin / "python", "-c", code], cwd=self.root, env=self.environment, capture_output=True, text=True, check=True
        ).stdout


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The deployment, before it knows Phasegate."""
    made = Deployment(tmp_path_factory.mktemp("deployment"))
    with made.start("airflow", "db", "migrate") as migration:  # while it works, the wheel is built
        built(project(made.root / "first", dag_factory.__version__), made.home / "wheels")
        said, _ = migration.communicate(timeout=180)
    assert migration.returncode == 0, said
    return made


def test_the_page_does_as_told_in_a_fresh_environment(deployment: Deployment) -> None:
    assert (
        deployment.python("import importlib.util as u; print(u.find_spec('dag_factory'), u.find_spec('phasegate_plugin'))") == "None None\n"
    )

    said = deployment.follow("install")
    assert f"Successfully installed airflow-phasegate-{dag_factory.__version__}\n" in said  # and nothing else
    where = Path(deployment.python("import dag_factory; print(dag_factory.__file__)").strip())
    assert where.is_relative_to(deployment.root / "environment")
    deployment.python("import airflow_phasegate")  # where Airflow looks for examples

    with deployment.start("phasegate", "selftest", "Paths", "single-test") as attacked:  # the corpus is in the wheel
        said, _ = attacked.communicate(timeout=180)
    assert attacked.returncode == 0, said

    for name, text in blocks("file").items():
        path = deployment.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    said = deployment.follow("run")
    assert "1 spec, all sound." in said
    assert re.search(r"^hello +\S+/dags/workflows/hello\.yaml ", said, re.MULTILINE), said[
        -3000:
    ]  # the plugin told Airflow where it is written
    assert re.search(r"^sibling ", said, re.MULTILINE)
    assert "MISSION SUCCESS: See Phasegate at work in this Airflow" in said
    assert "The run: PASSED" in said


def test_the_readme_s_first_workflow_ends_in_success(deployment: Deployment) -> None:
    deployment.follow("first", README, ROOT)
    workflow = README.partition("```yaml\nworkflow:")[2].partition("```")[0]
    (deployment.dags / "workflows" / "orders_mart.yaml").write_text(f"workflow:{workflow}", encoding="utf-8")
    said = deployment.follow("first run", README, ROOT, 900)
    assert "2 specs, all sound." in said
    assert "MISSION SUCCESS: Daily orders mart from partner CSVs" in said


def test_a_newer_wheel_reads_what_the_older_wrote(deployment: Deployment) -> None:
    newer = f"{dag_factory.__version__}.post1"
    built(project(deployment.root / "second", newer), deployment.home / "wheels")
    said = deployment.follow("upgrade")
    assert f"Successfully installed airflow-phasegate-{newer}\n" in said
    assert "The run: PASSED" in said


def test_uninstalling_leaves_the_dag_folder_sound(deployment: Deployment) -> None:
    said = deployment.follow("uninstall")
    assert re.search(r"^sibling ", said, re.MULTILINE)
    assert not re.search(r"^hello ", said, re.MULTILINE)
    assert not re.search(r"import error|traceback|ModuleNotFoundError", said, re.IGNORECASE), said[-3000:]
    assert (deployment.dags / "workflows" / "hello.yaml").is_file()
    assert list((deployment.home / "phasegate" / "evidence" / "hello").iterdir())
    assert "phasegate" not in deployment.python(
        "import importlib.metadata as m; print([d.name for d in m.distributions() if 'phasegate' in d.name])"
    )


def test_the_loader_is_the_readme_s() -> None:
    assert blocks("file")["dags/phasegate.py"] in README


def test_bundles_are_what_airflow_reads() -> None:
    found = [bundle for text in blocks("bundle").values() for bundle in json.loads(text)]
    assert [bundle["classpath"].rsplit(".", 1)[1] for bundle in found] == ["GitDagBundle", "S3DagBundle"]
    assert all(set(bundle) == {"name", "classpath", "kwargs"} for bundle in found)


def test_the_pod_mounts_what_its_settings_name() -> None:
    pod = yaml.safe_load(next(iter(blocks("pod").values())))["spec"]
    told = {item["name"]: item["value"] for item in pod["containers"][0]["env"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert set(told.values()) == set(mounts)
    kinds = {volume["name"]: next(kind for kind in volume if kind != "name") for volume in pod["volumes"]}
    assert {name: kinds[name] for name in mounts.values()} == {
        "evidence": "persistentVolumeClaim", "keys": "persistentVolumeClaim", "work": "emptyDir", "cache": "emptyDir",
    }  # fmt: skip
