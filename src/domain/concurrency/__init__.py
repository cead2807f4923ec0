"""How much may be at work at once, and whose turn it is."""
