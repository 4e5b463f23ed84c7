"""The command line: parses and renders, computes nothing; one command a file."""
