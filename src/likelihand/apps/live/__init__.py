"""Live output of tracked hands: a window, or a browser page where there is no display, and OSC messages."""
