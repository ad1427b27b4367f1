"""Hands on pictures (`drawing`: NumPy and Pillow alone) and figures of scores (`plots`: matplotlib)."""
