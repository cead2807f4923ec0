"""Parameters and headers that many routes have."""

from typing import Annotated

from litestar.datastructures import ResponseHeader
from litestar.params import PathParameter

_LARGEST_ID = 2**63 - 1

Id = Annotated[
    int,
    PathParameter(
        description="A positive integer of 64 bits.",
        ge=1,
        le=_LARGEST_ID,
        schema_extra={"format": "int64", "examples": [1]},
    ),
]

LOCATION = ResponseHeader(name="Location", documentation_only=True, description="Where the new thing is.")
LINK = ResponseHeader(name="Link", documentation_only=True, description='The next page, with rel="next" (RFC 8288).')
