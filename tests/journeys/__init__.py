"""Steps 1 to 5 of a case file, by persona, in a real browser on a real site."""
