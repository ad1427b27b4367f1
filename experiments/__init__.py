"""What only the developers run: `python -m experiments.NAME`, from the repository's root."""
