"""Partitions: parameters, addresses, limits, rendering, reconciling."""
