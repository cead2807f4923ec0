"""What the service says about itself."""

from typing import Annotated, Literal

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE
from msgspec import Meta, Struct

from entrypoints.http.answers import Answer
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import public
from entrypoints.version import VERSION

NAME = "Todo API"


class ServiceLinks(Struct, frozen=True, kw_only=True):
    """Where to go on."""

    docs: str
    schema: str
    health: str
    ready: str


class ServiceDocument(Struct, frozen=True, kw_only=True):
    """What is running here."""

    name: str
    version: str
    links: ServiceLinks


class Health(Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["healthy"] = "healthy"


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether requests can be served, and if not, why."""

    status: Literal["ready", "not ready"]
    problems: Annotated[list[str], Meta(description="What is wrong, in plain words; empty if ready.")]
    notices: Annotated[list[str], Meta(description="What works less well than it should, but works.")]


@get("/", operation_id="getService", summary="Describe the service", tags=["Service"], opt=public())
async def service(request: ApiRequest) -> ServiceDocument:
    """Return the name and the version of the service, and where to go on."""
    prefix = request.prefix
    links = ServiceLinks(
        docs=f"{prefix}/schema",
        schema=f"{prefix}/schema/openapi.json",
        health=f"{prefix}/health",
        ready=f"{prefix}/health/ready",
    )
    return ServiceDocument(name=NAME, version=VERSION, links=links)


@get("/health", operation_id="getHealth", summary="Is the process alive?", tags=["Service"], opt=public(limits=None))
async def health() -> Health:
    """Answer without asking anything else: a process that does not should be started anew."""
    return Health()


@get(
    "/health/ready",
    operation_id="getReadiness",
    summary="Can requests be served?",
    tags=["Service"],
    opt=public(limits=None),
    responses={
        HTTP_503_SERVICE_UNAVAILABLE: ResponseSpec(
            Readiness, description="Service Unavailable", generate_examples=False
        )
    },
)
async def readiness(request: ApiRequest) -> Response[Readiness]:
    """Ask the database; 503 says what is wrong."""
    problems, notices = await request.services.readiness(), await request.services.notices()
    return Answer(
        Readiness(status="not ready" if problems else "ready", problems=problems, notices=notices),
        status_code=HTTP_503_SERVICE_UNAVAILABLE if problems else HTTP_200_OK,
    )
