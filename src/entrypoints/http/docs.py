"""The documentation page and the document it shows, both from this process: nothing is loaded from elsewhere."""

from functools import lru_cache
from pathlib import Path

from litestar import Controller, MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from swagger_ui_bundle import swagger_ui_path  # pyright: ignore[reportMissingTypeStubs] - it is one path

from entrypoints.http.compression import Coding, coding_for
from entrypoints.http.meta import NAME
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import public

_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}

_PREFIX = "{prefix}"
"""What stands in the page where the path stands under which the client has called."""

_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{NAME}</title>
<link rel="icon" type="image/png" href="{_PREFIX}/schema/assets/favicon-32x32.png">
<link rel="stylesheet" href="{_PREFIX}/schema/assets/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="{_PREFIX}/schema/assets/swagger-ui-bundle.js"></script>
<script src="{_PREFIX}/schema/assets/start.js"></script>
</body>
</html>
"""

# Beside itself, under whatever path it was loaded.
_START = """SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
});
"""

# Swagger UI sets style attributes and draws its icons from data: URLs; scripts come from files of ours only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
_FOR_AN_HOUR = "public, max-age=3600"
_OWN_FOR_AN_HOUR = "private, max-age=3600"
"""Of what names the path under which the client has called: where a proxy lets clients say that, no cache may spread
it.
"""

_CODED_ASSETS = 4
"""Files that are remembered once they are compressed; two can be, in two ways. 850 kB together."""


class DocsController(Controller):
    """What can be called here, for people and for programs."""

    path = "/schema"
    opt = public()
    include_in_schema = False

    @get("/openapi.json", sync_to_thread=True)
    def document(self, request: ApiRequest) -> Response[bytes]:
        """Return the OpenAPI document."""
        return Response(
            request.app.state.openapi_document.encoded(request.prefix, coding := coding_for(request.scope)),
            media_type="application/json",
            headers={"cache-control": "private, no-cache", "access-control-allow-origin": "*"} | _named(coding),
        )

    @get()
    async def page(self, request: ApiRequest) -> Response[str]:
        """Return the page on which the document can be read and tried out."""
        return Response(
            _PAGE.replace(_PREFIX, request.prefix),
            media_type=MediaType.HTML,
            headers={
                "content-security-policy": _POLICY,
                "cross-origin-opener-policy": "same-origin",  # whoever opened it does not keep a hand on it
                "permissions-policy": _PERMISSIONS,  # it needs none of what a browser can give
                "cache-control": _OWN_FOR_AN_HOUR,
            },
        )

    @get("/assets/start.js")
    async def start(self) -> Response[str]:
        """Return the script that starts the page."""
        return Response(_START, media_type="text/javascript", headers={"cache-control": _FOR_AN_HOUR})

    @get("/assets/{name:str}", sync_to_thread=True)
    def asset(self, request: ApiRequest, name: FromPath[str]) -> Response[bytes]:
        """Return a file of Swagger UI."""
        if name not in _ASSETS:
            raise NotFoundException
        coding = None if _ASSETS[name].startswith("image/") else coding_for(request.scope)
        return Response(
            _file(name) if coding is None else _coded_file(name, coding),
            media_type=_ASSETS[name],
            headers={"cache-control": _FOR_AN_HOUR} | _named(coding),
        )


def _named(coding: Coding | None) -> dict[str, str]:
    return {} if coding is None else {"content-encoding": coding.name}


@lru_cache(_CODED_ASSETS)
def _coded_file(name: str, coding: Coding) -> bytes:
    return coding.thorough(_file(name))


def _file(name: str) -> bytes:
    return Path(str(swagger_ui_path / name)).read_bytes()
