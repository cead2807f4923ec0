"""Mass assignment (OWASP API3): every property that answers have and bodies do not, sent along with every body.

Bodies and properties come from the document, so that a new operation or a new property is covered by itself.
"""

from typing import Any, cast

from litestar import Litestar

from tests.api import Json, Route, assert_problem, bearer, claims_of, document_of, routes_of
from tests.contract.two_accounts import ADA, MAKERS, Accounts, TwoAccounts, body_of, parameters_of, path_with
from tests.harness import PASSWORD

NEVER_SENT = (
    *("owner_id", "account_id", "author_id", "user_id", "password_hash", "family_digest", "token_digest", "digest"),
    *("is_admin", "role", "scope", "session_id", "email_verified", "__class__", "__proto__", "constructor"),
)
"""Names of columns that no answer has, and those that others try."""

VALUES: tuple[object, ...] = (1, "x", None)


class MassAssignmentApi(TwoAccounts):
    """What nobody may set."""

    async def test_no_body_sets_what_is_not_its_own(self, accounts: Accounts) -> None:
        properties = properties_of_answers(accounts.app)
        assert {"id", "version", "created_at", "updated_at", "done_at", "due_at", "author_email"} <= properties
        tried = 0

        for route, example in bodies(accounts.app):
            for place, known in objects_in(accounts.app, route):
                for name in sorted((properties | set(NEVER_SENT)) - known):
                    for value in VALUES if name in properties else VALUES[:1]:
                        body = with_field(example, place, name, value)
                        response = await accounts.ada.request(route.method, path_with(route, accounts.ids), json=body)

                        assert_problem(response, 422, "invalid", pointer="".join(f"/{key}" for key in [*place, name]))
                        assert f'no field "{name}"' in response.json()["detail"]
                        tried += 1
        assert tried > 500
        assert await accounts.is_unchanged()

    async def test_these_bodies_would_have_been_taken_without_the_additions(self, accounts: Accounts) -> None:
        for route, example in bodies(accounts.app):
            if route.path in {"/auth/refresh", "/auth/logout", "/auth/register"} or route.path.startswith("/me"):
                continue  # the examples are of another account
            ids = {name: await MAKERS[name](accounts.ada) for name in parameters_of(route)}

            response = await accounts.ada.request(route.method, path_with(route, ids), json=example)

            assert response.is_success, (route, response.text)

    async def test_a_merge_patch_by_its_own_name_sets_no_more(self, accounts: Accounts) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}

        for route, _ in bodies(accounts.app):
            if route.method == "PATCH":
                for name in ("id", "owner_id", "version", "created_at"):
                    response = await accounts.ada.request(
                        route.method,
                        path_with(route, accounts.ids),
                        content=f'{{"{name}": 1}}',
                        headers=headers,
                    )

                    assert_problem(response, 422, "invalid", pointer=f"/{name}")
        assert await accounts.is_unchanged()

    async def test_the_form_of_a_sign_in_ignores_what_others_send_and_gives_no_more_for_it(
        self, accounts: Accounts
    ) -> None:
        form = {"username": ADA, "password": PASSWORD}
        names = sorted((properties_of_answers(accounts.app) | set(NEVER_SENT)) - {"username", "password"})

        for name in names:
            response = await accounts.nobody.post("/auth/login", data=form | {name: "7"})

            assert response.status_code == 200, name
            claims = claims_of(response.json()["access_token"])
            me = await accounts.nobody.get("/me", headers=bearer(response.json()["access_token"]))
            assert set(claims) == {"iss", "aud", "sub", "sid", "sst", "jti", "iat", "exp"}
            assert (claims["sub"], claims["exp"] - claims["iat"]) == (str(me.json()["id"]), 900)
            assert me.json() == accounts.before["/me"]

    async def test_a_query_sets_nothing(self, accounts: Accounts) -> None:
        query = {"owner_id": 1, "id": 1, "done": "true", "version": 7, "title": "x", "display_name": "x"}

        changed = await accounts.ada.patch("/me", params=query, json={})
        created = await accounts.ada.post("/todos", params=query, json={"title": "Buy oat milk"})

        for refused in (changed, created):
            body = assert_problem(refused, 422, "unknown_parameter")
            assert [error["parameter"] for error in body["errors"]] == sorted(query)
        assert (await accounts.ada.get("/me")).json() == accounts.before["/me"]


def bodies(app: Litestar) -> list[tuple[Route, Json]]:
    """Return every route that takes JSON, with the example of its body."""
    found = [(route, body) for route in routes_of(app) if (body := body_of(app, route)) is not None]
    assert len(found) >= 8
    return found


def properties_of_answers(app: Litestar) -> set[str]:
    """Return the names of all properties, however deep, of the answers to requests that succeed."""
    document = document_of(app)
    names: set[str] = set()
    for item in document["paths"].values():
        for operation in cast("list[Json]", [value for value in item.values() if isinstance(value, dict)]):
            for status, response in operation.get("responses", {}).items():
                if status.startswith("2"):
                    for schema in schemas_in(document, response):
                        names |= set(schema.get("properties", {}))
    return names


def schemas_in(document: Json, value: Any, seen: frozenset[str] = frozenset()) -> list[Json]:
    """Return every object schema in a part of the document, references followed."""
    if isinstance(value, list):
        return [schema for item in cast("list[Any]", value) for schema in schemas_in(document, item, seen)]
    if not isinstance(value, dict):
        return []
    part = cast("Json", value)
    reference = part.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name in seen or "/schemas/" not in reference:
            return []
        return schemas_in(document, document["components"]["schemas"][name], seen | {name})
    nested = [schema for item in part.values() for schema in schemas_in(document, item, seen)]
    return [part, *nested] if "properties" in part else nested


def objects_in(app: Litestar, route: Route) -> list[tuple[list[str], set[str]]]:
    """Return the places of the objects in the body of an operation, and the names that each of them knows."""
    document = document_of(app)
    content = document["paths"][route.path][route.method.lower()]["requestBody"]["content"]["application/json"]
    (schema, *_) = schemas_in(document, content["schema"])
    nested = [
        ([name], set(inner["properties"]))
        for name, described in schema["properties"].items()
        for inner in schemas_in(document, described)[:1]
    ]
    return [([], set(schema["properties"])), *nested]


def with_field(body: Json, place: list[str], name: str, value: object) -> Json:
    """Return a copy of a body with one more field in the object at ``place``."""
    if not place:
        return body | {name: value}
    return body | {place[0]: (body.get(place[0]) or {}) | {name: value}}
