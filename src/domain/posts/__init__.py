"""Posts: a public notice board."""
