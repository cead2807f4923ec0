"""Copies of everything, to go back to."""
