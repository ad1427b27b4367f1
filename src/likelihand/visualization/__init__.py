"""Hands on pictures (`drawing`, `mesh`): NumPy and Pillow alone."""
