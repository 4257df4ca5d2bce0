"""Logistics optimisation. No pilot is registered yet."""
