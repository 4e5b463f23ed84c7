import json
import os

import pytest

from cbuild.errors import PartError, ProfileError
from cbuild.instance import process
from cbuild.instance.job import Job, Result, error_document, error_from, result_from

PROFILE = """
[buildout]
parts = publish service promise

[directory]
recipe = slapos.cookbook:mkdirectory
data = ${buildout:directory}/srv/data

[page]
recipe = slapos.recipe.template
inline = <h1>{{ parameters.get('title', 'none') }}</h1>
output = ${directory:data}/index.html

[service]
recipe = slapos.cookbook:wrapper
command-line = /opt/cbuild/bin/serve --root ${directory:data} --page ${page:output} --listen {{ ipv6 }}
wrapper-path = ${buildout:directory}/etc/service/web

[promise]
recipe = slapos.cookbook:wrapper
command-line = test -s ${page:output}
wrapper-path = ${buildout:directory}/etc/promise/page

[publish]
recipe = slapos.cookbook:publish
url = http://[${slap-configuration:ipv6-random}]:8080/
-hidden = x

[slap-configuration]
recipe = slapos.cookbook:slapconfiguration
partition = ${slap-connection:partition-id}

[cbuild-limits]
memory = 256M
"""


@pytest.fixture(autouse=True)
def kept():
    before, mask = os.getcwd(), os.umask(0o027)  # noqa: PTH109 - a plain string to go back to
    yield
    os.chdir(before)
    os.umask(mask)


class Case:
    def __init__(self, root):
        self.directory, self.software = root / "partition", root / "software"
        self.directory.mkdir()
        self.software.mkdir()
        self.profile(PROFILE)

    def profile(self, text, name="instance.cfg"):
        (self.software / name).write_text(text)

    def run(self, **parameters):
        job = Job("web-0", "web", "web", "default", parameters, "fd00::7", 200000, "sha256:0", "started")
        return process.process(job, self.directory, self.software)

    def text(self, path):
        return (self.directory / path).read_text()


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_the_whole_of_it(case):
    result = case.run(title="hello")
    assert result.connection == {"url": "http://[fd00::7]:8080/"}
    assert result.limits == {"memory": "256M"}
    assert result.installed == ("slap-configuration", "publish", "directory", "page", "service", "promise")
    assert case.text("srv/data/index.html") == "<h1>hello</h1>"
    assert case.text("etc/service/web").endswith(' --listen fd00::7 "$@"\n')
    assert os.access(case.directory / "etc/promise/page", os.X_OK)
    for name in process.DIRECTORIES:
        assert (case.directory / name).is_dir()


def test_again_updates(case):
    case.run(title="hello")
    (case.directory / "srv/data/kept").touch()
    again = case.run(title="hello")
    assert (again.installed, again.uninstalled) == ((), ())
    assert again.connection == {"url": "http://[fd00::7]:8080/"}


def test_a_parameter_changes_the_parts_that_it_reaches(case):
    case.run(title="hello")
    (case.directory / "srv/data/kept").touch()
    changed = case.run(title="bye")
    assert set(changed.installed) >= {"page"}
    assert "directory" not in changed.installed
    assert case.text("srv/data/index.html") == "<h1>bye</h1>"
    assert (case.directory / "srv/data/kept").exists()


def test_a_part_that_is_gone_takes_its_service_along(case):
    case.run()
    case.profile(PROFILE.replace("parts = publish service promise", "parts = publish"))
    assert "service" in case.run().uninstalled
    assert not (case.directory / "etc/service/web").exists()


def test_template_cfg_is_read_when_there_is_no_instance_cfg(case):
    (case.software / "instance.cfg").rename(case.software / "template.cfg")
    assert case.run().connection


def test_no_profile(case):
    (case.software / "instance.cfg").unlink()
    with pytest.raises(ProfileError) as error:
        case.run()
    assert error.value.reason == "no-instance-profile"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[buildout]\nparts = a\n", "missing-section"),
        ("[buildout]\nparts = a\n[a]\nrecipe = nobody.knows\n", "unknown-recipe"),
        ("[buildout]\nparts = a\n[a]\nx = {{ nothing }}\n", "template"),
        ("[buildout]\nparts = a\n[a]\nrecipe = command\ncommand = ${b:c}\n", "missing-section"),
    ],
)
def test_a_profile_that_does_not_resolve(case, text, reason):
    case.profile(text)
    with pytest.raises(ProfileError) as error:
        case.run()
    assert error.value.reason == reason


def test_a_constructor_that_refuses_changes_nothing(case):
    case.run(title="hello")
    case.profile(PROFILE.replace("wrapper-path = ${buildout:directory}/etc/promise/page", "private-tmpfs = /x"))
    with pytest.raises(PartError) as error:
        case.run(title="bye")
    assert error.value.section == "promise"
    assert case.text("srv/data/index.html") == "<h1>hello</h1>"


def test_a_failing_part_keeps_the_others(case):
    case.profile(
        PROFILE.replace("parts =", "parts = page broken")
        + "[broken]\nrecipe = plone.recipe.command\ncommand = exit 3\nstop-on-error = true\n"
    )
    with pytest.raises(PartError) as error:
        case.run(title="x")
    assert error.value.section == "broken"
    assert "exit code 3" in error.value.brief
    assert case.text("srv/data/index.html") == "<h1>x</h1>"


def test_nothing_is_fetched(case):
    case.profile("[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.template\nurl = https://x.invalid/y\noutput = z\n")
    with pytest.raises(PartError) as error:
        case.run()
    assert "nothing can be fetched" in error.value.brief


def test_a_result_survives_the_way_out():
    result = Result({"url": "x", "n": 1}, serialised=True, limits={"memory": "1G"}, installed=("a",), updated=("b",))
    assert result_from(json.loads(json.dumps(result.as_dict()))) == result


@pytest.mark.parametrize("data", [None, [], {"connection": []}, {"limits": "x"}])
def test_a_result_that_is_none_is_an_error(data):
    with pytest.raises(ValueError):
        result_from(data)


def test_an_error_survives_the_way_out():
    error = ProfileError("b", reason="r", details="d", file="f", line=3, section="s", chain=("x",))
    again = error_from(json.loads(json.dumps(error_document(error))))
    assert type(again) is ProfileError
    assert again.as_dict() == error.as_dict()


def test_an_error_of_no_known_kind_is_a_failed_part():
    assert type(error_from({"kind": "SystemExit", "brief": "x", "line": "y", "chain": 3})) is PartError
