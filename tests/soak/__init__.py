"""The tests of what the soaks check."""
