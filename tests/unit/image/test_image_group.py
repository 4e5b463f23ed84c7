import tarfile

from cbuild.image.assemble import assemble
from cbuild.image.group import BUCKETS, LIMIT, group
from cbuild.image.layout import Layout
from cbuild.layer.write import Layer, write_layer

CONFIG = {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=b", "PATH=/bin"]}}


def layers(count):
    return {f"p{n}": Layer(f"sha256:{n}", 1000 + n, (f"parts/p{n}",), ()) for n in range(count)}


def test_few_parts_have_a_layer_each():
    assert group(layers(99), 99) == [(f"p{n}",) for n in range(99)]


def test_many_parts_share_and_the_biggest_stay_alone():
    groups = group(layers(300), 99)
    assert len(groups) <= 99
    assert sorted(name for names in groups for name in names) == sorted(layers(300))
    assert groups[-1] == ("p299",)
    assert all(len(names) == 1 for names in groups[BUCKETS:])


def test_a_new_small_part_changes_one_group_only():
    before = {frozenset(names) for names in group(layers(300), 99)}
    more = layers(300) | {"new": Layer("sha256:new", 1, ("parts/new",), ())}
    after = {frozenset(names) for names in group(more, 99)}
    assert len(before - after) <= 1


def test_parts_that_own_a_path_together_stay_alone():
    shared = layers(300) | {
        name: Layer(f"sha256:{name}", 1, ("parts/p5", f"parts/{name}"), ()) for name in ("writer", "other")
    }
    groups = group(shared, 99)
    assert ("writer",) in groups
    assert ("other",) in groups
    assert ("p5",) in groups
    assert groups.index(("p5",)) < groups.index(("writer",))


def test_many_parts_that_share_a_directory_are_one_layer():
    shared = {n: Layer(f"sha256:{n}", 1, ("etc/conf.d", f"parts/{n}"), ()) for n in map("q{}".format, range(150))}
    groups = group(layers(10) | shared, 99)
    assert len(groups) <= 99
    assert tuple(shared) in groups
    assert sorted(name for names in groups for name in names) == sorted([*layers(10), *shared])


def test_an_image_never_has_more_layers_than_the_limit_and_all_the_files(tmp_path):
    layout = Layout(tmp_path / "oci")
    written = {}
    for n in range(130):
        root = tmp_path / f"p{n}"
        (root / f"parts/p{n}").mkdir(parents=True)
        (root / f"parts/p{n}/file").write_text(f"content {n}")
        written[f"p{n}"] = write_layer(layout, root, "/opt/cbuild", {})
    base = write_layer(layout, tmp_path / "p0", "/base", {})
    image = assemble(layout, CONFIG, [base.diff_id], written)
    manifest = layout.read_json(image.digest)
    assert LIMIT - BUCKETS < len(manifest["layers"]) <= LIMIT
    found = {}
    for entry in manifest["layers"]:
        with tarfile.open(layout.blob(entry["digest"])) as tar:
            for member in tar:
                if member.isfile():
                    found[member.name] = tar.extractfile(member).read().decode()
    assert {name: text for name, text in found.items() if name.startswith("opt")} == {
        f"opt/cbuild/parts/p{n}/file": f"content {n}" for n in range(130)
    }
    assert assemble(layout, CONFIG, [base.diff_id], written) == image
