"""Arrays in, arrays out: heatmaps, flows and the coding of boxes."""
