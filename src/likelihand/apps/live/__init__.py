"""Tracked hands while they happen: a window, or a page where there is no window, and OSC for other programs."""
