"""What is kept on disk: the store, the state file."""
