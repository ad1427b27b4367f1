"""The baker of the rendered hand; run from the repository's root, `python -m assets.NAME`."""
