import io
import tarfile

import pytest

from cbuild.canonical import canonical_json
from cbuild.errors import UsageError
from cbuild.image import load
from cbuild.image.layout import CONFIG, LAYER, MANIFEST, Layout
from cbuild.instance import software
from cbuild.state import installed
from cbuild.state.home import Home


def layer(*members):
    """A tar of (name, kind, content-or-target)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content.encode()))
            else:
                info.linkname = content
                tar.addfile(info)
    return stream.getvalue()


F, D, L, H = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def image(home, *layers, reference="localhost/x:1"):
    layout = Layout(home.oci)
    descriptors = [layout.write(data, LAYER) for data in layers]
    config = layout.write(canonical_json({"rootfs": {"diff_ids": [one.digest for one in descriptors]}}), CONFIG)
    manifest = {"config": config.as_dict(), "layers": [one.as_dict() for one in descriptors]}
    written = layout.write(canonical_json(manifest), MANIFEST)
    layout.tag(reference, written.digest)
    return written.digest, config.digest


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_an_image_is_found_by_reference_digest_and_first_digits(home):
    manifest, config = image(home, layer(("etc/x", F, "x")))
    for name in ("localhost/x:1", manifest, manifest[:19], manifest[7:19]):
        assert software.named(home, name) == software.Software(manifest, config)


@pytest.mark.parametrize("name", ["localhost/y:1", "sha256:" + "0" * 64, "00", ""])
def test_an_unknown_image(home, name):
    image(home, layer())
    with pytest.raises(UsageError) as error:
        software.named(home, name)
    assert error.value.reason == "unknown-image"


def test_an_image_without_all_its_layers_cannot_be_loaded(home):
    manifest, _ = image(home, layer(("a", F, "")))
    found = load.loadable(Layout(home.oci), manifest, "r")
    assert [one.diff_id for one in found.layers]
    found.layers[0].path.unlink()
    with pytest.raises(UsageError) as error:
        load.loadable(Layout(home.oci), manifest, "r")
    assert error.value.reason == "unknown-image"


def test_the_recorded_image(home, tmp_path):
    manifest, _ = image(home, layer())
    part = installed.InstalledPart("p", {"recipe": "r"}, (), "r-1", "sha256:1", "sha256:2")
    installed.write(tmp_path / ".installed.cfg", installed.Installed((part,), manifest))
    assert software.recorded(home, tmp_path).manifest == manifest
    with pytest.raises(UsageError) as error:
        software.recorded(home, tmp_path / "home")
    assert error.value.reason == "no-software"


def test_the_recorded_image_beside_a_living_buildout(home, tmp_path):
    manifest, _ = image(home, layer())
    (tmp_path / ".installed.cfg").write_text("[buildout]\nparts = a\n\n[a]\n__buildout_installed__ =\n")
    with pytest.raises(UsageError) as error:
        software.recorded(home, tmp_path)
    assert error.value.reason == "no-software"
    part = installed.InstalledPart("p", {"recipe": "r"}, (), "r-1", "sha256:1", "sha256:2")
    installed.write(tmp_path / ".cbuild.cfg", installed.Installed((part,), manifest))
    assert software.recorded(home, tmp_path).manifest == manifest


def test_files_of_all_layers_the_later_over_the_earlier(home):
    manifest, _ = image(
        home,
        layer(("usr/lib/x", F, "base")),
        layer(
            ("opt", D, ""),
            ("opt/cbuild", D, ""),
            ("opt/cbuild/a", D, ""),
            ("opt/cbuild/a/f", F, "1"),
            ("opt/cbuild/a/g", F, "1"),
        ),
        layer(("opt/cbuild/a/f", F, "2"), ("opt/cbuild/a/h", H, "opt/cbuild/a/f"), ("opt/cbuild/l", L, "a/f")),
    )
    tree = software.files(home, software.named(home, manifest))
    assert (tree / "a/f").read_text() == (tree / "a/h").read_text() == (tree / "l").read_text() == "2"
    assert (tree / "a/g").read_text() == "1"
    assert sorted(path.name for path in tree.iterdir()) == ["a", "l"]
    assert software.files(home, software.named(home, manifest)) == tree
    assert [path.name for path in home.trees.iterdir()] == [tree.name]


def test_a_link_of_one_layer_does_not_lead_another_out(home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    manifest, _ = image(home, layer(("opt/cbuild/x", L, str(outside))), layer(("opt/cbuild/x/f", F, "evil")))
    tree = software.files(home, software.named(home, manifest))
    assert list(outside.iterdir()) == []
    assert (tree / "x/f").read_text() == "evil"


def test_names_that_climb_are_refused(home):
    manifest, _ = image(home, layer(("opt/cbuild/../../../x", F, "evil")))
    with pytest.raises(UsageError) as error:
        software.files(home, software.named(home, manifest))
    assert error.value.reason == "bad-image"
