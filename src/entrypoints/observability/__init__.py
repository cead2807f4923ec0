"""What operators see of the service: logs, metrics, errors and traces."""
