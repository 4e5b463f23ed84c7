"""Versions that were picked: shown, and added to a file of pins."""

from cbuild.build import picked


def test_the_file_is_made_and_added_to(tmp_path):
    path = tmp_path / "versions.cfg"
    picked.pin({"spam": "2", "eggs": "1"}, path)
    assert path.read_text() == "[versions]\neggs = 1\nspam = 2\n"
    picked.pin({"spam": "2", "toast": "3"}, path)
    assert path.read_text() == "[versions]\neggs = 1\nspam = 2\n\n# Picked by cbuild\ntoast = 3\n"
    picked.pin({"spam": "2"}, path)
    assert path.read_text().endswith("toast = 3\n")


def test_nothing_picked_makes_no_file(tmp_path):
    picked.pin({}, tmp_path / "versions.cfg")
    assert not list(tmp_path.iterdir())


def test_each_is_shown():
    said = []
    picked.show({"spam": "2", "eggs": "1"}, said.append)
    assert [event.message for event in said] == ["Picked: eggs = 1", "Picked: spam = 2"]
