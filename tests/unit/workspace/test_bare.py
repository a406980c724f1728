from __future__ import annotations

from dag_factory.workspace.bare import inside


def test_the_first_changed_path_of_each_folder_is_told():
    held = {b"a/HEAD", b"a/commondir", b"a/x", b"a.b/HEAD", b"a.b/commondir", b"c/HEAD", b"c/commondir", b"HEAD", b"commondir"}
    changed = [b"a.b/HEAD", b"a/x", b"a/y", b"b"]
    assert list(inside(held, {b"", b"a", b"a.b", b"c"}, changed)) == [b"a.b/HEAD", b"a/x", b"a.b/HEAD"]


def test_very_many_such_folders_are_told_of_at_once():
    folders = [b"f%05d" % number for number in range(20_000)]
    changed = sorted(folder + b"/" + name for folder in folders for name in (b"HEAD", b"commondir"))
    assert list(inside(set(changed), set(folders), changed)) == [folder + b"/HEAD" for folder in folders]
