import pytest

from cbuild.errors import ProfileError

P = "[buildout]\nparts = p\n"


def test_references(resolve):
    resolver = resolve("[a]\nx = <${b:m}> ${:y}${:_buildout_section_name_}\ny = 1\n[b]\nm =\n  1\n    2\n")
    assert resolver.section("a")["x"] == "<1\n  2> 1a"


def test_dollars(resolve):
    text = "[a]\nx = $${b:c}\ny = ${:x} ${b:d}\nz = $ $b ${open\nu = $$${b:c}\n[b]\nc = C\nd = $$ $${a:x}\n"
    options = resolve(text).section("a")
    assert dict(options) == {"x": "${b:c}", "y": "${b:c} $$ ${a:x}", "z": "$ $b ${open", "u": "$$C"}
    assert options.stored("y") == "$${b:c} $$ $${a:x}"


def test_what_is_written_back_unchanged_stays_escaped(resolve):
    def initialize(_name, options):
        values = dict(options)
        options.clear()
        options.update(values)

    resolver = resolve(P + "[p]\nrecipe = x\na = $${no:thing}\n[q]\nb = ${p:a}\n", initialize=initialize)
    assert resolver.section("q")["b"] == "${no:thing}"


def test_parts_follow_what_they_refer_to(resolve):
    text = P + "[p]\nrecipe = r\nzz = ${one:x}\naa = ${g:v}\nMm = ${two:x}\n=> last\n[g]\n=> three\nv = 1\n"
    text += "".join(f"[{name}]\nrecipe = r\nx = 1\n" for name in ("one", "two", "three", "last"))
    resolver = resolve(text)
    assert resolver.initialise() == ["two", "three", "one", "last", "p"]
    assert resolver.references == {"p": ("two", "g", "one", "last"), "g": ("three",)}


def test_buildout_and_versions_come_first(resolve):
    text = "[buildout]\nparts = a\nv = ${z:x}\n[versions]\nfoo = ${y:x}\n"
    resolver = resolve(text + "".join(f"[{name}]\nrecipe = r\nx = 1\n" for name in "ayz"))
    assert resolver.initialise() == ["z", "y", "a"]


def test_constructors_run_once_and_their_options_are_seen(resolve):
    calls = []

    def initialize(name, options):
        calls.append(name)
        options["location"] = f"/parts/{name}"
        if name == "p":
            assert resolver.section("r")["location"] == "/parts/r"

    text = P + "[p]\nrecipe = x\na = ${q:location}\n[q]\nrecipe = x\n[r]\nrecipe = x\n"
    resolver = resolve(text, initialize=initialize)
    assert resolver.section("p")["a"] == "/parts/q"
    assert calls == ["q", "p", "r"]
    assert resolver.parts == ["q", "r", "p"]
    assert resolver.references["p"] == ("q", "r")


def test_constructors_that_need_each_other_see_what_there_is(resolve):
    def initialize(name, options):
        options["value"] = resolver.section({"a": "b", "b": "a"}[name])["x"]

    resolver = resolve("[a]\nrecipe = r\nx = 1\n[b]\nrecipe = r\nx = 2\n", initialize=initialize)
    assert resolver.section("a")["value"] == "2"
    assert resolver.section("b")["value"] == "1"
    assert resolver.parts == ["b", "a"]


def test_without_constructors_their_options_are_marked(resolve):
    resolver = resolve("[a]\nx = ${b:location}/lib\n[b]\nrecipe = r\n")
    assert resolver.option("a", "x") == "@@b:location@@/lib"


def test_substitute_counts_as_reference(resolve):
    resolver = resolve("[a]\nx = 1\n[b]\ny = 2\n")
    assert resolver.substitute("${b:y} ${:x} $${c:d}", "a") == "2 1 ${c:d}"
    assert resolver.references == {"a": ("b",)}


def test_sections_can_be_added(resolve):
    resolver = resolve("[a]\nx = 1\n")
    resolver.add("n", {"y": "${a:x}2"})
    assert resolver.section("n")["y"] == "12"
    with pytest.raises(ProfileError) as caught:
        resolver.add("a", {})
    assert caught.value.reason == "section-exists"


def test_directories_are_absolute(resolve, tmp_path):
    text = "[buildout]\nextends = sub/b.cfg\nbin-directory = scripts\nparts-directory = ${:directory}/p\n"
    text += "download-cache = c\n"
    resolver = resolve(text + "[s]\nv = ${buildout:parts-directory}\n", sub__b="[buildout]\neggs-directory = eggs\n")
    buildout = resolver.section("buildout")
    assert buildout["bin-directory"] == "/b/scripts"
    assert resolver.section("s")["v"] == buildout["parts-directory"] == "/b/p"
    assert buildout["eggs-directory"] == "/b/sub/eggs"
    assert buildout["installed"] == "/b/.installed.cfg"
    assert buildout["download-cache"] == str(tmp_path / "c")


@pytest.mark.parametrize(
    ("text", "reason", "section", "option", "line", "column"),
    [
        ("[s]\na = x ${t:b}\n", "missing-section", "s", "a", 2, 7),
        ("[s]\na =\n  x\n  ${t:bb}\n[t]\nb = 1\n", "missing-option", "s", "a", 4, 3),
        ("[s]\na = ${t}\n", "bad-reference", "s", "a", 2, 5),
        ("[s]\na = ${t:b:c}\n", "bad-reference", "s", "a", 2, 5),
        ("[s]\na = ${t/u:b}\n", "bad-reference", "s", "a", 2, 5),
        ("[s]\na = ${t:b/c}\n", "bad-reference", "s", "a", 2, 5),
        ("[s]\na =\n  x ${b:\n  c}\n", "bad-reference", "s", "a", 3, 5),
        ("[s]\na = ${:b}\nb = ${:a}\n", "circular-reference", "s", "a", 2, 7),
        ("[s]\n<= m\n[m]\na = 1\n  ${t:b}\n", "missing-section", "s", "a", 5, 3),
        ("[s]\n<= m\n", "missing-section", "s", "<", 2, 1),
        ("[s]\n<= m\n[m]\n<= s\n", "circular-macro", "m", "<", 4, 1),
        ("[s]\nrecipe = r\n=> t\n", "missing-section", "s", "<part-dependencies>", 3, 1),
    ],
)
def test_errors_name_the_place(resolve, text, reason, section, option, line, column):
    with pytest.raises(ProfileError) as caught:
        resolve(text).section("s")
    error = caught.value
    place = (error.section, error.option, error.line, error.column)
    assert (error.reason, *place) == (reason, section, option, line, column)
    assert error.file.endswith("buildout.cfg")
    assert "^" in error.details
    assert error.resolution


def test_an_error_has_the_chain_of_references(resolve):
    with pytest.raises(ProfileError) as caught:
        resolve("[s]\na = ${t:b}\n[t]\nb = ${u:c}\n[u]\nc = ${v:locaton}\n[v]\nlocation = 1\n").section("s")
    assert caught.value.chain == ("s:a", "t:b", "u:c")
    assert caught.value.resolution == "Did you mean 'location'?"


@pytest.mark.parametrize(
    ("text", "reason", "option"),
    [
        ("[buildout]\nx = 1\n", "missing-option", "parts"),
        ("[buildout]\nparts = p\n[p]\nx = 1\n", "missing-option", "recipe"),
        ("[buildout]\nparts = nosuch\n", "missing-section", "parts"),
        ("[buildout]\nparts =\noffline = True\n", "bad-boolean", "offline"),
        ("[buildout]\nparts =\nlog-level = LOUD\n", "bad-log-level", "log-level"),
        ("[buildout]\nparts =\nverbosity = x\n", "bad-verbosity", "verbosity"),
        ("[buildout]\nparts =\nversions = nosuch\n", "missing-section", "versions"),
    ],
)
def test_bad_buildout_sections(resolve, text, reason, option):
    with pytest.raises(ProfileError) as caught:
        resolve(text).initialise()
    assert (caught.value.reason, caught.value.option) == (reason, option)


def test_an_error_stays_one(resolve):
    resolver = resolve("[s]\na = ${t:x}\n[t]\ny = ${no:no}\nx = 1\n")
    for name in ("s", "t", "s"):
        with pytest.raises(ProfileError):
            resolver.section(name)


@pytest.mark.parametrize(
    "shape",
    [
        lambda n: "[s]\n" + "".join(f"a{i} = ${{:a{i + 1}}}\n" for i in range(n)) + f"a{n} = x\n",
        lambda n: "".join(f"[s{i}]\na = ${{s{i + 1}:a}}\n" for i in range(n)) + f"[s{n}]\na = x\n[s]\na0 = ${{s0:a}}\n",
        lambda n: "".join(f"[s{i}]\n<= s{i + 1}\n" for i in range(n)) + f"[s{n}]\na0 = x\n[s]\n<= s0\n",
    ],
)
@pytest.mark.parametrize("lazy", [True, False])
def test_deep_chains_are_no_matter(resolve, shape, lazy):
    assert resolve(shape(3000), lazy=lazy).section("s")["a0"] == "x"


def test_a_reference_bomb_is_refused(resolve):
    text = "[s]\n" + "".join(f"a{i} = ${{:a{i + 1}}}${{:a{i + 1}}}\n" for i in range(100)) + "a100 = x\n"
    with pytest.raises(ProfileError) as caught:
        resolve(text).section("s")
    assert caught.value.reason == "value-too-large"


def test_a_listed_part_that_is_missing_is_shown_where_it_is_listed(resolve):
    with pytest.raises(ProfileError) as caught:
        resolve("[buildout]\nparts =\n  a\n  nosuch\n[a]\nrecipe = r\n").initialise()
    error = caught.value
    assert (error.section, error.option, error.line, error.column) == ("buildout", "parts", 4, 3)


def test_a_section_that_a_constructor_misses_is_its_part_s_error(resolve):
    def initialize(_name, _options):
        resolver.section("nosuch")

    resolver = resolve(P + "[p]\nrecipe = r\n", initialize=initialize)
    with pytest.raises(ProfileError) as caught:
        resolver.initialise()
    assert (caught.value.section, caught.value.option, caught.value.line) == ("p", "recipe", 4)


def test_many_errors_take_no_longer_than_few(resolve):
    text = "".join(f"[s{number}]\na = ${{t{number}:x}}\n" for number in range(2000))
    resolver = resolve(text, lazy=True)
    for number in range(2000):
        with pytest.raises(ProfileError):
            resolver.option(f"s{number}", "a")


def test_what_is_wrong_in_buildout_has_its_place(resolve):
    with pytest.raises(ProfileError) as caught:
        resolve("[buildout]\nparts =\nnewest = yes\n").section("buildout")
    assert (caught.value.reason, caught.value.line) == ("bad-boolean", 3)
    with pytest.raises(ProfileError) as caught:
        resolve("[buildout]\nparts =\nversions = nope\n").section("buildout")
    assert (caught.value.reason, caught.value.line, caught.value.column) == ("missing-section", 3, 12)


@pytest.mark.parametrize(
    ("option", "initialize", "words"),
    [
        ("s:b", None, "Add `b = ...` to [s]"),
        ("p:location", None, "may set it"),
        ("p:location", lambda _name, _options: None, "Neither a file nor the recipe"),
        ("p:recip", None, "Did you mean 'recipe'?"),
    ],
)
def test_what_to_do_about_an_option_that_is_not_there(resolve, option, initialize, words):
    with pytest.raises(ProfileError) as caught:
        resolve("[buildout]\n[s]\na = 1\n[p]\nrecipe = r\n", initialize=initialize).option(*option.split(":"))
    assert words in caught.value.resolution
