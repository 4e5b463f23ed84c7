import pytest

from cbuild.errors import ProfileError
from cbuild.profile import annotate


def test_the_whole_shape(read):
    profile = read(
        "[buildout]\nextends = b.cfg\nparts = x\nbin-directory = scripts\n[s]\na += 2\nb = ${x:out}\nc = ${t:nope}\n",
        "s:d=4",
        b="[s]\na = 1\n[x]\nrecipe = r\n[t]\ny = $${z:z}\n",
    )
    found = annotate(profile).as_dict()
    assert found["sections"] == {
        "buildout": {"parts": "x", "bin-directory": "scripts"},
        "s": {"a": "1\n2", "b": "@@x:out@@", "d": "4"},
        "x": {"recipe": "r"},
        "t": {"y": "$${z:z}"},
    }
    assert found["parts"] == ["x"]
    assert found["files"] == ["buildout.cfg", "b.cfg"]
    assert found["origins"]["s"]["a"] == [
        {"file": "b.cfg", "line": 2, "column": 1, "op": "="},
        {"file": "buildout.cfg", "line": 6, "column": 1, "op": "+="},
    ]
    assert found["origins"]["s"]["d"] == [{"file": "command line", "line": 0, "column": 0, "op": "="}]
    assert found["unresolved"] == {"s": {"c": "missing-option: There is no option 'nope' in [t]."}}


def test_one_bad_section_leaves_the_rest(read):
    found = annotate(read("[buildout]\nparts = a b\nlog-level = LOUD\n[s]\n<= m\na = 1\n[a]\nrecipe = r\n"))
    assert found.unresolved["s"] == dict.fromkeys(("<", "a"), found.unresolved["s"]["a"])
    assert found.unresolved["buildout"]["log-level"].startswith("bad-log-level: ")
    assert found.sections["a"] == {"recipe": "r"}
    assert found.parts == ["a", "b"]


def test_only_some_sections(read):
    profile = read("[buildout]\nparts =\n[s]\na = 1\n[t]\nb = 2\n")
    assert annotate(profile, ["t"]).sections == {"t": {"b": "2"}}
    with pytest.raises(ProfileError) as caught:
        annotate(profile, ["tt"])
    assert (caught.value.reason, caught.value.resolution) == ("missing-section", "Did you mean 't'?")


def test_an_empty_profile(read):
    empty = {"sections": {}, "parts": [], "files": ["buildout.cfg"], "origins": {}, "unresolved": {}}
    assert annotate(read("")).as_dict() == empty


def test_the_image_s_directory(read):
    assert annotate(read("[s]\na = ${buildout:parts-directory}\n")).sections["s"]["a"] == "/opt/cbuild/parts"
