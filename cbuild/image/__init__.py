"""OCI images: config, manifest, layout, loading into an engine."""
