"""The recipes that cbuild ships; they import cbuild.recipe.api and nothing else of cbuild."""
