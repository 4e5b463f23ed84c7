"""Base images: described in YAML, built by mmdebstrap, locked to the byte."""
