"""The layers around the controllers, each of which does one thing to a request or to its response.

A layer that has nothing to do with a request returns what the next one returns, instead of waiting for it: that costs
a call and no coroutine. ``entrypoints.app`` has the list.
"""

from collections.abc import Awaitable, Callable, Sequence

from litestar.types import HTTPScope, Receive, Send

HttpApp = Callable[[HTTPScope, Receive, Send], Awaitable[None]]
"""What answers a request: an ASGI application that knows no other kind of connection."""

Layer = Callable[[HttpApp], HttpApp]
"""Makes an application of another one that it stands around."""


def in_layers(app: HttpApp, layers: Sequence[Layer]) -> HttpApp:
    """Return an application with layers around it; the first of them is the outermost."""
    for layer in reversed(layers):
        app = layer(app)
    return app
