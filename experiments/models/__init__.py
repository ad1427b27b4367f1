"""How the bundled models were made: run files, the data's preparation, readers of our own folders of photos."""
