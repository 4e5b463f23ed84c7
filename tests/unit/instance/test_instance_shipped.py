from cbuild.instance import shipped
from cbuild.recipe import code
from cbuild.recipe.registry import NATIVE


def test_all_that_the_container_imports_is_there():
    needed = code.closure("cbuild.instance.process", *{native.module for native in NATIVE.values()})
    assert {path.resolve() for path in needed.values()} <= {path.resolve() for _, path in shipped.files()}


def test_the_copy_is_complete(tmp_path):
    shipped.copy(tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py")) == sorted(
        name for name, _ in shipped.files()
    )
    assert shipped.digest() == shipped.digest()
