"""Papers: what leaves as PDF, logged before the first byte."""
