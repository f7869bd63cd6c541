"""Ledgers beside what is on record."""
