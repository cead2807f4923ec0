"""Connections of clients: how many there may be, and what becomes of those that nobody uses."""
