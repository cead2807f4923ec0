"""To-dos, which belong to one account each."""
