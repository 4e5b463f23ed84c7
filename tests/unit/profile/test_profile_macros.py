def test_several_parents_the_last_wins(resolve):
    text = "[m1]\na = 1\nb = 1\n[m2]\nb = 2\nc = 2\n[s]\n<= m1\n   m2\nc = 3\nd = ${:_buildout_section_name_}\n"
    assert dict(resolve(text).section("s")) == {"a": "1", "b": "2", "c": "3", "d": "s"}


def test_increments_work_against_what_is_inherited(resolve):
    text = "[m]\no = a1\n  a2\n[p]\n<= m\no -= a1\no += c\n[q]\n<= p\no += d\no -= a2\n"
    resolver = resolve(text)
    assert resolver.section("q")["o"] == "c\nd"
    assert resolver.section("p")["o"] == "a2\nc"


def test_a_second_file_s_increment_loses_the_inherited_value(resolve):
    resolver = resolve("[buildout]\nextends = b.cfg\n[s]\no += 2\n", b="[m]\no = base\n[s]\n<= m\no += 1\n")
    assert resolver.section("s")["o"] == "\n2\n1"


def test_parents_are_not_initialised(resolve):
    resolver = resolve("[buildout]\nparts = s\n[m]\nrecipe = r\na = ${:needed}\n[s]\n<= m\nneeded = 1\n")
    assert resolver.initialise() == ["s"]
    assert resolver.section("s")["a"] == "1"


def test_buildout_can_be_a_parent_but_has_none(resolve):
    resolver = resolve("[buildout]\n<= m\nx = 1\n[m]\na = 1\n[s]\n<= buildout\n")
    assert resolver.section("buildout")["<"] == "m"
    options = resolver.section("s")
    assert (options["x"], options["parts-directory"]) == ("1", "/b/parts")
    assert "a" not in options


def test_origins_reach_through_parents(resolve):
    resolver = resolve("[m]\no = 1\n[s]\n<= m\no += 2\n[t]\n<= s\no = 3\n")
    resolver.section("s")
    assert [(item.line, item.op) for item in resolver.origins("s", "o")] == [(2, "="), (5, "+=")]
    resolver.section("t")
    assert [(item.line, item.op) for item in resolver.origins("t", "o")] == [(8, "=")]
