"""The recipe API, the registry, and running the two halves of a recipe."""
