"""The plugin is registered once, whether Airflow finds it by its entry point, by its folder, or by both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
TELL = """\
import json, sys

class Others:  # the plugin of the common-ai provider loads fastapi: what is asked here is what ours loads
    def find_spec(self, name, path=None, target=None):
        if name.startswith("airflow.providers.common.ai.plugins"):
            raise ImportError("others")

sys.meta_path.insert(0, Others())
from airflow import plugins_manager
from airflow.configuration import conf
plugins, errors = plugins_manager._get_plugins()
print(json.dumps({
    "plugins": [plugin.name for plugin in plugins],
    "errors": {name: said for name, said in errors.items() if "others" not in said},
    "factory": [name for name in sys.modules if name.partition(".")[0] in ("dag_factory", "fastapi")],
    "settings": {name: conf.get("phasegate", name, fallback="none") for name in ("evidence_root", "keys_root", "work_root", "cache_root", "patterns")},
}))
"""


def told(tmp_path, *, entry, folder):
    """What an Airflow says that finds the plugin by the entry point of an installed package, by its plugins folder, or both."""
    site, empty = tmp_path / "site", tmp_path / "plugins"
    empty.mkdir()
    if entry:
        info = site / "airflow_phasegate-0.1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: airflow-phasegate\nVersion: 0.1.0\n", encoding="utf-8")
        entries = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
        text = "".join(f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in one.items()) for group, one in entries.items())
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))} | {
        "PYTHONPATH": os.pathsep.join(map(str, [site, PLUGINS, ROOT] if entry else [site])), "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS if folder else empty), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TELL], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("entry", "folder"), [(True, False), (False, True), (True, True)], ids=["entry point", "folder", "both"])
def test_the_plugin_is_registered_once(tmp_path, entry, folder):
    found = told(tmp_path, entry=entry, folder=folder)
    assert found["plugins"].count("phasegate") == 1
    assert all("already registered" in said for said in found["errors"].values()), "Airflow notes the second way, and goes on"
    installed = any(point.name == "phasegate" for point in entry_points(group="airflow.plugins"))
    assert bool(found["errors"]) is (entry + folder + installed > 1)
    assert found["factory"] == [], "what a plugin imports is paid by every task"
    if entry:
        assert found["settings"] == {"evidence_root": "", "keys_root": "", "work_root": "", "cache_root": "", "patterns": "standard"}


def test_provider_metadata_imports_nothing_of_airflow():
    """Airflow asks for the provider metadata while it reads its configuration: importing Airflow at that moment would end it."""
    code = "import sys, phasegate_plugin.provider as p; p.get_provider_info(); print('airflow' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_settings_that_are_declared_are_those_that_are_read():
    from phasegate_plugin.provider import get_provider_info

    declared = get_provider_info()["config"]["phasegate"]["options"]
    source = (ROOT / "dag_factory" / "settings.py").read_text(encoding="utf-8")
    assert set(declared) == {"evidence_root", "keys_root", "work_root", "cache_root", "patterns"}
    assert all(f'"{name}"' in source for name in declared)
    assert declared["patterns"]["default"] == "standard"


def test_nothing_else_is_to_be_had_of_the_package():
    import phasegate_plugin

    assert phasegate_plugin.PhasegatePlugin.name == "phasegate"
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = phasegate_plugin.Nonsense


def test_the_links_lead_to_where_the_pages_are_mounted():
    from phasegate_plugin import plugin

    from dag_factory import links

    assert plugin.MOUNT == links.MOUNT


def test_airflow_finds_the_module_that_it_looks_for_examples_in(monkeypatch, caplog):
    """With `load_examples`, which is on by default, it tells an error with a traceback where there is none."""
    from airflow.dag_processing.bundles import manager
    from phasegate_plugin.provider import get_provider_info

    class Providers:
        providers = (get_provider_info()["package-name"],)

    monkeypatch.setattr(manager, "ProvidersManager", Providers)
    found = []
    manager._add_provider_example_dags_to_bundle(found)
    assert (found, caplog.text) == ([], "")
