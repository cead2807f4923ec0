"""Which version of the service this is."""

from importlib.metadata import version

VERSION = version("todo-api")
