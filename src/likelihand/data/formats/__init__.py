"""File formats that readers and writers share: each is read and written in one place."""
