"""Where the settings come from: the environment, and a file ``.env``."""

import os

from dotenv import dotenv_values

from entrypoints.environment import SettingsError
from entrypoints.settings import Settings


def settings_from_environment() -> Settings:
    """Read the settings.

    :raises SettingsError: with every problem at once.
    """
    return Settings.read(variables_of_environment())


def variables_of_environment() -> dict[str, str]:
    """Return the variables of the environment, and below them those of a file ``.env`` in the working directory.

    :raises SettingsError: if that file cannot be read.
    """
    try:
        in_file = dotenv_values(".env", interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"The file .env cannot be read: {error}."]) from None
    return {name: value for name, value in in_file.items() if value is not None} | dict(os.environ)
