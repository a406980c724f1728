"""A persona that works outside of its workspace: what it changed there is named, and nothing of its work is sealed."""

from __future__ import annotations

import pytest
from support.house import git

WRITTEN = "mkdir -p notes && echo a note > notes/note.md"
ORIGIN = 'origin=$(dirname "$(dirname "$(cat .git/objects/info/alternates)")")'
STORE = 'store="$PHASEGATE_SPEC_DIR/../evidence_root/small/manual__1"'


def done(house):
    house.run("kickoff", "first.write")
    house.close("first")
    return house


def found(house):
    assert "first.gate" in house.failures
    [text] = [finding.text for finding in house.findings("first") if finding.rule == "workspace-elsewhere"]
    said = house.record.newest("first/write").says
    assert (said.sealed, said.evidence) == (None, ())
    assert text.startswith("While this task worked, others' files were changed: ")
    return text


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ('echo evil >> "$origin/README.md"', "the main checkout {root}/repo: README.md (changed)."),
        ('echo evil > "$origin/evil.py"', "the main checkout {root}/repo: evil.py (added)."),
        ('rm "$origin/README.md"', "the main checkout {root}/repo: README.md (removed)."),
        ('git -C "$origin" config core.fsmonitor evil', "git's settings and the branch of {root}/repo/.git: config (changed)."),
        ('mkdir -p "$origin/.git/hooks"; touch "$origin/.git/hooks/post-merge"', "hooks/post-merge (added)"),
        ('git push -q "$origin" HEAD:refs/heads/other; git -C "$origin" update-ref refs/heads/main other', "refs/heads/main (changed)"),
        ('git -C "$origin" checkout -q -b evil', "HEAD (changed)"),
        ('echo "# more" >> "$PHASEGATE_SPEC_DIR/work.sh"', "the spec's folder {root}/workflows: work.sh (changed)."),
        ('echo evil > "$PHASEGATE_SPEC_DIR/evil.sh"', "the spec's folder {root}/workflows: evil.sh (added)."),
        ('chmod u+w "$PHASEGATE_INPUTS"; echo evil > "$PHASEGATE_INPUTS/evil"', "the inputs "),
        ('rm "$store"/charters/*', None),
        ('touch -d yesterday "$store"/blobs/*/*', "the evidence store {root}/evidence_root/small/manual__1: blobs/"),
        ('blob=$(git rev-parse HEAD:README.md); o="$origin/.git/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-)"; chmod u+w "$o"; echo x > "$o"',
         "objects of the repository that are not what their names say: "),
    ],
)  # fmt: skip
def test_what_is_changed_elsewhere_is_named_and_nothing_is_sealed(small, command, says):
    house = small(f"{ORIGIN}; {STORE}; git commit -q --allow-empty -m mine; {WRITTEN}; {command}")
    (house.specs / "work.sh").write_text("true\n", encoding="utf-8")
    if says is None:
        house.run("kickoff", "first.write")
        assert "is gone from" in house.failures["first.write"]
        return
    assert says.format(root=house.root) in found(done(house))


def test_reading_elsewhere_is_no_finding(small):
    house = done(
        small(f'{ORIGIN}; {WRITTEN}; cat "$origin/README.md"; git -C "$origin" status; git -C "$origin" log; ls "$PHASEGATE_SPEC_DIR"')
    )
    assert house.failures == {}
    assert house.word("first") == "PASSED"


def test_the_main_checkout_is_as_it_was_when_the_run_is_over(small):
    house = small(f"{WRITTEN}; git add -A; git commit -q -m mine; git config core.hooksPath /evil; git gc -q; git branch -M main")
    repo = house.root / "repo"
    (repo / "dirty.txt").write_text("somebody's work", encoding="utf-8")

    def look():
        files = {path: path.read_bytes() for path in repo.rglob("*") if path.is_file() and ".git/objects" not in str(path)}
        return {path: data for path, data in files.items() if "refs/heads/phasegate" not in str(path)}

    git("status", cwd=repo)  # it refreshes the index
    before = look()
    house.run("kickoff")
    for phase in ("first", "second"):
        house.phase(phase)
    house.run("complete")
    assert house.failures == {}
    assert look() == before
    assert git("fsck", "--strict", cwd=repo) == ""


def test_a_check_that_changes_what_is_elsewhere_is_named(small):
    house = small(binding=f"command: '{WRITTEN}', verify: 'echo evil > \"$PHASEGATE_SPEC_DIR/evil.sh\"'")
    done(house)
    assert set(house.failures) == {"first.gate"}
    assert [finding.rule for finding in house.findings("first")] == ["workspace-elsewhere"]


def test_without_a_repository_the_rest_is_looked_at(small):
    house = small('echo a note > note.md; echo evil > "$PHASEGATE_SPEC_DIR/evil.sh"', git=False, evidence="path: note.md, kind: file")
    house.run("kickoff", "first.write", "first.gate")
    assert "the spec's folder" in "".join(finding.text for finding in house.findings("first") if finding.rule == "workspace-elsewhere")


def test_another_spec_that_is_deployed_meanwhile_is_no_finding(small):
    house = small(f'{WRITTEN}; echo "workflow: other" > "$PHASEGATE_SPEC_DIR/other.yaml"; mkdir "$PHASEGATE_SPEC_DIR/__pycache__"')
    (house.specs / "other.yaml").write_text("", encoding="utf-8")
    assert done(house).word("first") == "PASSED"
