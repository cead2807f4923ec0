"""This service and the stack of the FastAPI tutorial, side by side on one PostgreSQL: `python -m bench`."""
