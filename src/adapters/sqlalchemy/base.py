"""What all tables stand on: Advanced Alchemy, without the web framework that it looks for.

When it is imported, it imports Litestar for one type that nothing here uses. A command that migrates or backs up would
load the whole framework for that; told that there is none, Advanced Alchemy goes without.
"""

import sys

_FROM_LITESTAR = "litestar.dto.data_structures"
_is_loaded = _FROM_LITESTAR in sys.modules
if not _is_loaded:
    sys.modules[_FROM_LITESTAR] = None  # type: ignore[assignment] # what importing it fails for, see the import system

from advanced_alchemy.base import IdentityBase  # noqa: E402 - after the lines above, which it is about
from advanced_alchemy.types import DateTimeUTC  # noqa: E402

if not _is_loaded:
    del sys.modules[_FROM_LITESTAR]

__all__ = ["DateTimeUTC", "IdentityBase"]
