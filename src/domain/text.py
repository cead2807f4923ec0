"""Rules that hold for every piece of text."""

from domain.errors import Invalid


def checked_text(text: str, *, max_length: int, min_length: int = 0, pointer: str | None = None) -> str:
    """Return ``text`` unchanged if it can be stored and has ``min_length`` to ``max_length`` characters (code points).

    ``pointer`` says where it stands, see ``Invalid``.

    :raises Invalid: for a NUL (PostgreSQL cannot store it), a lone surrogate (UTF-8 cannot) or a wrong length.
    """
    if "\x00" in text:
        raise Invalid("Must not contain the character U+0000.", pointer=pointer)
    if not is_encodable(text):
        raise Invalid("Must not contain a lone surrogate.", pointer=pointer)
    if not min_length <= len(text) <= max_length:
        bounds = f"{min_length} to {max_length}" if min_length else f"at most {max_length}"
        raise Invalid(f"Must have {bounds} characters.", pointer=pointer)
    return text


def is_encodable(text: str) -> bool:
    """Tell whether ``text`` has a UTF-8 form."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fold(text: str) -> str:
    """Return the form in which two texts are compared when case does not matter.

    Adapters store it beside the text, so that what counts as equal, what contains what and what sorts before what
    never depends on the collation or the version of a database.
    """
    return text.casefold()
