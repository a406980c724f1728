from __future__ import annotations

import hashlib

import pytest

from dag_factory.runners.principals import command_principals, operator_principals, static_principals

FILES = {
    "spec/personas/a.py": "print('a')",
    "spec/personas/copy_of_a.py": "print('a')",
    "spec/personas/b.py": "print('b')",
    "spec/pack/mod.py": "print('m')",
    "spec/prompt.md": "Do it.",
    "workspace/tools/run.sh": "echo run",
    "workspace/README.md": "# Product",
    "workspace/gradlew": "#!/bin/sh",
    "workspace/.venv/bin/agent.py": "vendored",
}


def script(text: str) -> str:
    return f"script:sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def acts(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.py").write_text("out")

    def acts(value, **variables: str) -> tuple[str, ...]:
        return command_principals(value, spec_dir=tmp_path / "spec", workspace=tmp_path / "workspace", variables=variables)

    return acts


@pytest.mark.parametrize(
    "value",
    [
        "python $PHASEGATE_SPEC_DIR/personas/a.py",
        'python "${PHASEGATE_SPEC_DIR}/personas/a.py" --fast',
        "python personas/a.py",
        "python personas/../personas/a.py;true",
        "cd $PHASEGATE_SPEC_DIR/personas && python ./a.py",
        "sh -c 'python $PHASEGATE_SPEC_DIR/personas/a.py'",
        "cat<$PHASEGATE_SPEC_DIR/personas/a.py|python -",
        "python -m personas.a",
        "MODE=x python --script=personas/a.py",
        "python $SCRIPT",
        "echo it's; python personas/a.py",
        ["python", "personas/a.py"],
        ("sh", "-c", "exec python personas/a.py"),
        "python personas/copy_of_a.py",
        "python `echo $PHASEGATE_SPEC_DIR/personas/a.py`",
    ],
)
def test_one_script_is_one_principal_however_it_is_written(acts, value):
    assert acts(value, SCRIPT="personas/a.py") == (script("print('a')"),)


def test_an_absolute_path_counts_within_the_two_folders_only(acts, tmp_path):
    assert acts(f"python {tmp_path}/spec/personas/b.py") == (script("print('b')"),)
    assert acts(f"python {tmp_path}/outside.py")[0].startswith("command:")
    assert acts("python ../outside.py")[0].startswith("command:")


def test_several_scripts_are_sorted_and_unique(acts):
    found = acts("tools/run.sh && python personas/a.py && python personas/b.py && sh tools/run.sh")
    assert found == tuple(sorted({script("echo run"), script("print('a')"), script("print('b')")}))


def test_modules_are_found(acts):
    assert acts("python3.11 -u -m pack.mod") == (script("print('m')"),)


def test_all_of_the_author_s_files_count_but_not_the_product_s_data_or_tools(acts):
    assert acts('claude -p "$(cat $PHASEGATE_SPEC_DIR/prompt.md)"') == (script("Do it."),)
    assert acts("tools/run.sh README.md ./gradlew .venv/bin/agent.py") == (script("echo run"),)
    assert acts("summarise README.md")[0].startswith("command:")


def test_a_command_without_a_script_is_its_words(acts):
    assert acts("make  e2e") == acts(["make", "e2e"]) != acts("make bench")
    assert acts("make e2e")[0].startswith("command:sha256:")
    assert acts("x" * 5000 + " \0")[0].startswith("command:")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("python $PHASEGATE_SPEC_DIR/personas/a.py", ("script:personas/a.py",)),
        ("python ${PHASEGATE_SPEC_DIR}/personas/a.py", ("script:personas/a.py",)),
        ("/usr/bin/python3.11 ./personas//a.py", ("script:personas/a.py",)),
        (["python", "personas/a.py"], ("script:personas/a.py",)),
        ("sh -c 'python personas/a.py'", ("script:personas/a.py",)),
        ("python -m personas.a", ("script:personas/a.py",)),
        ("b.sh && a.rb", ("script:a.rb", "script:b.sh")),
        ("python -m pytest --junitxml=$PHASEGATE_EVIDENCE/junit.xml", ()),
        ("pytest -m slow", ()),
        ("make e2e", ()),
        ("bash -lc 'npm test > /dev/null 2>&1'", ()),
        ("curl https://example.org/install.sh", ()),
        ("./gradlew build", ()),
        ("echo done >reports/out.json", ()),
    ],
)
def test_what_the_text_alone_tells(value, found):
    assert static_principals("command", value) == found


def test_what_the_text_tells_of_other_runners():
    assert static_principals("python", "work.a:main") == ("function:work.a:main",)
    assert static_principals("check", "python personas/a.py") == ()
    assert static_principals("external", True) == ()
    assert static_principals("human", ["maria"]) == ()


@pytest.mark.parametrize("command", ["sh $PHASEGATE_SPEC_DIR/personas/a.py", "sh personas/copy_of_a.py now"])
def test_an_operator_that_runs_a_script_is_that_script_as_a_command_is(acts, tmp_path, command):
    named = static_principals("operator", {"path": "a.b.Bash", "arguments": {"bash_command": command}})
    found = operator_principals(named, command, spec_dir=tmp_path / "spec", workspace=tmp_path / "workspace", variables={})
    assert set(found) == {named[0], *acts(command)}
    assert named[0].startswith("operator:a.b.Bash:sha256:")


def test_an_operator_s_script_that_is_elsewhere_keeps_its_name_and_other_operators_keep_theirs(acts, tmp_path):
    where = {"spec_dir": tmp_path / "spec", "workspace": tmp_path / "workspace", "variables": {}}
    assert operator_principals(["operator:x", "script:far/away.sh"], "sh far/away.sh", **where) == ("operator:x", "script:far/away.sh")
    assert operator_principals(["operator:x"], None, **where) == ("operator:x",)
    assert operator_principals(["operator:x"], "make it", **where) == ("operator:x",)
