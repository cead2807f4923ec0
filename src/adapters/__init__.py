"""The technologies behind the domain's ports, a folder for each."""
