"""An open test set: hands in openly licensed photos, labelled by eye, which anybody can fetch."""
