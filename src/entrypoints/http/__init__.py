"""HTTP: controllers that translate and nothing else."""
