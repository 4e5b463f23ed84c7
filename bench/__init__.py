"""Benchmarks: each measures cbuild and a peer in the same run, in turns, and prints the ratio (docs/benchmarks.md)."""
