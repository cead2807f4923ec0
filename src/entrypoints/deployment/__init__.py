"""What must be so before the service is put on the internet: the checklist, executable."""
