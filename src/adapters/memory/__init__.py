"""Everything in this process's memory: for unit tests, and to try the service out without keeping anything."""
