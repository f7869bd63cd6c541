"""Work in the background: rows in a state, leased, taken up again where they were left."""
