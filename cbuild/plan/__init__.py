"""From a resolved profile to keys: graph, key documents, why."""
