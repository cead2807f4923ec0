"""What starts the service and what it can be reached through."""
