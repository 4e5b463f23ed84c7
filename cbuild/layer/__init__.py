"""The deterministic layer of one part."""
