"""Custody of keys: changing them, and seeing how they stand."""
