"""What replicas tell each other through Redis or Valkey."""
