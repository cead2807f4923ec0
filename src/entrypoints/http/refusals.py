"""Requests that go no further than the layers around the router."""

from litestar.types import HTTPScope, Receive, Send

from domain.rate_limits.errors import RateLimited
from entrypoints.http.problems import send_error, send_problem
from entrypoints.http.rate_limits import count


async def refuse(scope: HTTPScope, receive: Receive, send: Send, status: int, *, code: str, detail: str) -> None:
    """Answer with a problem, and count the request: what goes no further is no way to ask as often as one likes."""
    if await is_counted(scope, receive, send):
        await send_problem(scope, receive, send, status, code=code, detail=detail)


async def is_counted(scope: HTTPScope, receive: Receive, send: Send) -> bool:
    """Count a request that no route will count; answer it and return ``False`` if there were too many."""
    try:
        await count(scope)
    except RateLimited as error:
        await send_error(scope, receive, send, error)
        return False
    return True
