"""Training the bundled hand model in minutes on one GPU."""
