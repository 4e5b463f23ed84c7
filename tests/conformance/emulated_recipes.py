"""What the constructors of the cases' recipes do (`corpusrecipes:NAME`), as an initialize hook."""

import posixpath

from cbuild.errors import CbuildError


class RecipeError(CbuildError):
    """Raised by a constructor."""

    default_reason = "recipe"


class Recipes:
    """The hook; `resolver` is set when there is one."""

    resolver = None

    def __call__(self, name, options):
        requirement, *entry = options["recipe"].split(":")
        if len(entry) > 1:
            raise RecipeError(f"too many colons in recipe = {options['recipe']}", section=name, option="recipe")
        if requirement != "corpusrecipes":
            return
        make = getattr(self, entry[0] if entry else "default", None)
        if make is not None:
            make(name, options)

    def _directory(self, option):
        return self.resolver.section("buildout")[option]

    def mkdir(self, _name, options):
        options["path"] = posixpath.join(self._directory("directory"), options["path"])

    mkdirif = mkdir

    def location(self, name, options):
        options["location"] = posixpath.join(self._directory("parts-directory"), name)

    def reader(self, _name, options):
        section, option = options["from"].split(":")
        options["value"] = self.resolver.section(section)[option]

    def readernostore(self, _name, options):
        section, option = options["from"].split(":")
        _ = self.resolver.section(section)[option]

    def setter(self, _name, options):
        for line in options["set"].splitlines():
            if line.strip():
                key, value = line.split("=", 1)
                options[key.strip()] = value.strip().replace("@{", "${")

    def deleter(self, _name, options):
        del options[options["delete"]]

    def failinit(self, name, _options):
        raise RecipeError("Invalid thing", section=name)

    def setint(self, name, _options):
        raise RecipeError("Option values must be strings: 3", section=name, option="number")

    def addsection(self, name, _options):
        self.resolver.add(f"{name}-child", {"recipe": "corpusrecipes:trace", "x": "1"})
        self.resolver.add(f"{name}-parsed", {"recipe": "corpusrecipes:trace", "y": f"${{{name}-child:x}}2"})
