"""Backups: a sealed copy of the data, and a small bundle of the keys that open it."""
