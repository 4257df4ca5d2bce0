"""Precision farming. No pilot is registered yet."""
