"""Arrays in, arrays out: flows and the coding of boxes."""
