"""The request as the controllers see it."""

from typing import Any, TypeVar

from litestar import Request
from litestar.datastructures import MultiDict, State
from msgspec import Struct

from domain.authentication.principal import Principal
from domain.errors import Unauthenticated
from entrypoints.http.context import caller_of, context_of, services_of
from entrypoints.http.parameters import parse_query
from entrypoints.services import Services

_Query = TypeVar("_Query", bound=Struct)


class ApiRequest(Request[Principal, Any, State]):
    """A request that knows the services and who is asking."""

    _query: MultiDict[Any] | None = None

    @property
    def query_params(self) -> MultiDict[Any]:
        """The parameters of the query; the framework would put them together each time it is asked."""
        if self._query is None:
            self._query = super().query_params
        return self._query

    @property
    def services(self) -> Services:
        """The services this process runs."""
        return services_of(self.scope)

    @property
    def principal(self) -> Principal:
        """Who is asking; known before any controller that is not public is called.

        :raises Unauthenticated: if nobody is.
        """
        principal = context_of(self.scope).principal
        if principal is None:
            raise Unauthenticated("It is not known who is asking.")
        return principal

    @property
    def owner_id(self) -> int:
        """The account that is asking."""
        return self.principal.account_id

    @property
    def prefix(self) -> str:
        """What stands before a path of ours where the client calls it."""
        return context_of(self.scope).prefix

    @property
    def network(self) -> str:
        """The network that is asked from."""
        return caller_of(self.scope).network

    def parse_query(self, wanted: type[_Query]) -> _Query:
        """Return the parameters of the query, see ``parameters.parse_query``; the route's options name the same type.

        :raises Invalid: if one of them stands for nothing of its type.
        """
        return parse_query(self.query_params, wanted)
