"""Ledgers: Excel tables of people, read, checked row by row, confirmed and applied."""
