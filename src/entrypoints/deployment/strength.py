"""How hard secrets are to guess."""

import zlib
from string import ascii_letters, digits, hexdigits

from zxcvbn import zxcvbn

_BITS_OF_A_CHARACTER = ((frozenset(hexdigits), 4), (frozenset(f"{ascii_letters}{digits}+/-_="), 6))
_BITS_OF_ANY_CHARACTER = 6.5
_MAX_ESTIMATED_LENGTH = 72
"""Characters; the estimate takes long for more, and they can only make a password better."""

_STRONG = 3
"""Of 4: ten to the power of 8 guesses and more."""


def random_bytes_in(secret: str) -> int:
    """Return how many random bytes a text can have been made of: 64 for 128 hexadecimal digits."""
    characters = frozenset(secret)
    bits = next((bits for alphabet, bits in _BITS_OF_A_CHARACTER if characters <= alphabet), _BITS_OF_ANY_CHARACTER)
    return int(len(secret.rstrip("=")) * bits / 8)


def looks_random(secret: str, *, size: int) -> bool:
    """Tell whether a text may have been made of ``size`` random bytes, which nothing can compress to fewer.

    Nobody can see that a text is random; this finds what is repeated, typed or a pattern.
    """
    return len(zlib.compress(secret.encode(), level=9)) >= size


def is_guessable(password: str, *context: str) -> bool:
    """Tell whether a password is one that people or programs would try early, knowing the words around it.

    The estimate is that of zxcvbn (Wheeler, "Low-Budget Password Strength Estimation", USENIX Security 2016).
    """
    estimate = zxcvbn(password[:_MAX_ESTIMATED_LENGTH], user_inputs=list(context))
    return int(estimate["score"]) < _STRONG
