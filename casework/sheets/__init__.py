"""Sheets of ledgers: the table in them, its rows, the places that they name; pure."""
