"""The OpenAPI document, and the page that shows it."""

import re
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import pytest
from jsonschema import Draft202012Validator
from litestar import Litestar
from openapi_spec_validator import OpenAPIV31SpecValidator

from domain.accounts.model import checked_email
from tests.api import Json, Route, document_of, routes_of

FORMATS = Draft202012Validator.FORMAT_CHECKER
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture
def document(app: Litestar) -> Json:
    """The document."""
    return document_of(app)


def operations(document: Json) -> list[tuple[str, Json]]:
    """Return every operation with a name for messages."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def resolved(document: Json, schema: Json) -> Json:
    """Return what a reference refers to, or what is no reference as it is."""
    found: Json = document | schema
    for step in schema.get("$ref", "").split("/")[1:]:
        found = found[step]
    return found if "$ref" in schema else schema


def test_the_document_is_valid_openapi_3_1(document: Json) -> None:
    errors = [error.message for error in OpenAPIV31SpecValidator(cast("Any", document)).iter_errors()]

    assert errors == []
    assert document["openapi"].startswith("3.1")


async def test_the_document_is_served(anonymous_client: httpx.AsyncClient, document: Json) -> None:
    response = await anonymous_client.get("/schema/openapi.json")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == document


def test_every_operation_is_named_by_hand_and_described(document: Json) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]

    assert len(set(names)) == len(names) > 20
    for name, operation in operations(document):
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"]), name
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name


def test_every_route_is_in_the_document_and_nothing_else(app: Litestar, document: Json) -> None:
    served = {f"{route.method} {route.path}" for route in routes_of(app) if route.is_described}

    assert {name for name, _ in operations(document)} == served


def test_only_the_documentation_itself_is_left_out(app: Litestar) -> None:
    left_out = {route.path for route in routes_of(app) if not route.is_described}

    assert left_out
    assert all(path.startswith("/schema") for path in left_out)


def test_security_stands_where_it_is_needed_and_nowhere_else(app: Litestar, document: Json) -> None:
    routes: list[Route] = [route for route in routes_of(app) if route.is_described]

    for route in routes:
        operation = document["paths"][route.path][route.method.lower()]
        if operation["operationId"] == "logOut":  # with a refresh token anybody may, else with a bearer token
            assert operation["security"] == [{}, {"bearer": []}, {"password": []}]
        elif route.scope is None:
            assert "security" not in operation, route
        else:
            assert operation["security"] == [{"bearer": [route.scope]}, {"password": []}], route
    assert "security" not in document
    assert set(document["components"]["securitySchemes"]) == {"bearer", "password"}


def test_every_documented_problem_refers_to_the_schema_of_problems(document: Json) -> None:
    checked = 0

    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and (name, status) != ("GET /health/ready", "503"):
                content = resolved(document, response)["content"]
                assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, (
                    name,
                    status,
                )
                checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("GET /health", "200 400 422 500"),
        ("POST /auth/register", "201 400 408 409 413 415 422 429 500 503"),
        ("POST /auth/login", "200 400 401 408 413 415 422 429 500 503"),
        ("GET /todos", "200 304 400 401 403 422 429 500 503"),
        ("POST /todos", "201 400 401 403 408 413 415 422 429 500 503"),
        ("GET /todos/{todo_id}", "200 304 400 401 403 404 422 429 500 503"),
        ("PATCH /todos/{todo_id}", "200 400 401 403 404 408 409 412 413 415 422 429 500 503"),
        ("DELETE /todos/{todo_id}", "204 400 401 403 404 412 422 429 500 503"),
        ("GET /posts/{post_id}", "200 304 400 404 422 429 500 503"),
    ],
)
def test_an_operation_lists_the_answers_it_really_gives(document: Json, name: str, statuses: str) -> None:
    assert sorted(dict(operations(document))[name]["responses"]) == statuses.split()


def test_ids_versions_and_what_is_counted_have_64_bits_in_every_schema(document: Json) -> None:
    formats = {
        (schema, name): field.get("format")
        for schema, described in document["components"]["schemas"].items()
        for name, field in described.get("properties", {}).items()
        if name in {"id", "version", "limit", "used", "total", "count"}
    }

    assert {("Todo", "id"), ("Todo", "version"), ("Account", "version"), ("Post", "id")} <= formats.keys()
    assert {("QuotaUsage", "limit"), ("QuotaUsage", "used"), ("PostList", "total")} <= formats.keys()
    assert set(formats.values()) - {"int64"} == {None}, "the service's version is text"
    assert [place for place, form in formats.items() if form is None] == [("ServiceDocument", "version")]


def test_every_schema_has_its_name_as_its_title(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["title"] == name, "of two with one title, generators leave one out"


def test_every_field_says_its_type(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert "type" in schema, name
        for field, described in schema.get("properties", {}).items():
            kinds = described.get("anyOf", [described])
            assert all("type" in kind or "$ref" in kind for kind in kinds), (name, field)


def test_only_an_object_that_may_be_null_is_an_alternative(document: Json) -> None:
    alternatives = {
        f"{name}.{field}": described["anyOf"]
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if "anyOf" in described
    }

    assert alternatives.keys() == {"Todo.due", "NewTodo.due", "TodoPatch.due"}
    assert all("$ref" in kinds[0] for kinds in alternatives.values())
    todo = document["components"]["schemas"]["Todo"]["properties"]
    assert todo["done_at"] == {"type": ["string", "null"], "format": "date-time"}


def test_an_address_may_have_other_letters_than_those_of_ascii(document: Json) -> None:
    assert checked_email("jürgen@bücher.example.com") == "jürgen@bücher.example.com"
    for body in ("Registration", "AccountPatch"):
        field = document["components"]["schemas"][body]["properties"]["email"]
        assert field["format"] == "idn-email", "the format `email` has ASCII only (RFC 5321)"


def test_an_address_and_the_password_come_together(document: Json) -> None:
    patch: Any = Draft202012Validator(document["components"]["schemas"]["AccountPatch"])

    assert patch.is_valid({"email": "ada@example.com", "password": "correct horse battery staple"})
    assert patch.is_valid({"display_name": "Ada"})
    assert not patch.is_valid({"email": "ada@example.com"})
    assert not patch.is_valid({"password": "correct horse battery staple"})


def test_no_field_of_a_body_has_a_default(document: Json) -> None:
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _, operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }

    assert {"NewTodo", "TodoPatch", "TokenRequest", "Revocation", "RevocationForm"} <= bodies
    for name in bodies:
        fields = document["components"]["schemas"][name]["properties"].values()
        assert not any("default" in field for field in fields), name


def test_the_document_says_where_the_service_is(document: Json) -> None:
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_every_operation_but_health_is_described_as_limited(document: Json) -> None:
    described = {name: operation["responses"] for name, operation in operations(document)}

    unlimited = {name for name, responses in described.items() if "429" not in responses}
    assert unlimited == {"GET /health", "GET /health/ready"}
    for name in described.keys() - unlimited:
        successes = [answer for status, answer in described[name].items() if status.startswith("2")]
        assert successes
        assert all({"RateLimit", "RateLimit-Policy"} <= success["headers"].keys() for success in successes)
    refusal = document["components"]["responses"]["TooManyRequests"]
    assert refusal["headers"].keys() == {"RateLimit", "RateLimit-Policy", "Retry-After"}


def test_every_example_fits_its_schema(document: Json) -> None:
    checked = 0

    def check(node: object) -> None:
        nonlocal checked
        if isinstance(node, list):
            for item in cast("list[object]", node):
                check(item)
        elif isinstance(node, dict):
            fields = cast("Json", node)
            schema = fields.get("schema", fields)
            for example in cast("list[object]", fields.get("examples", [])):
                validator: Any = Draft202012Validator(document | schema, format_checker=FORMATS)
                assert [error.message for error in validator.iter_errors(example)] == [], schema.get("title")
                checked += 1
            for item in fields.values():
                check(item)

    check({**document, "components": document["components"] | {"schemas": {}}})
    for schema in document["components"]["schemas"].values():
        check({name: value for name, value in schema.items() if name in {"properties", "items", "anyOf"}})
        check(schema)
    assert checked > 50


def test_every_body_and_every_answer_has_an_example(document: Json) -> None:
    for name, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        answers = [resolved(document, response) for response in operation["responses"].values()]
        for described in [*bodies, *answers]:
            for content in described.get("content", {}).values():
                schema = content["schema"]
                schemas = [resolved(document, one) for one in schema.get("oneOf", schema.get("anyOf", [schema]))]
                assert any(one.get("examples") for one in schemas), name


def test_a_parameter_has_one_type_and_is_never_null(document: Json) -> None:
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            several = schema["type"] == "array"
            assert (schema["items"] if several else schema)["type"] in {"string", "integer", "boolean"}, (
                name,
                parameter,
            )
            assert None not in parameter["schema"].get("enum", [])
            assert all("type" in kind for kind in parameter["schema"].get("anyOf", [])), "which would be anything"


def test_an_id_in_a_path_is_a_positive_integer_of_64_bits(document: Json) -> None:
    ids = [
        parameter["schema"]
        for _, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "path"
    ]

    assert len(ids) >= 8
    for schema in ids:
        assert (schema["type"], schema["format"]) == ("integer", "int64")
        assert (schema["minimum"], schema["maximum"]) == (1, 2**63 - 1)


def test_bodies_refuse_what_they_do_not_know_and_answers_promise_what_they_have(document: Json) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["NewTodo"]["additionalProperties"] is False
    assert schemas["DuePatch"]["additionalProperties"] is False
    assert set(schemas["Todo"]["required"]) == set(schemas["Todo"]["properties"])
    assert "total" not in schemas["TodoList"]["required"]


class _Assets(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        url = given.get("src") or (given.get("href") if tag == "link" else None)
        if url:
            self.found.append(url)
        elif tag in {"script", "style"}:
            self.inline.append(tag)


@pytest.mark.parametrize("path", ["/schema", "/schema/"])
async def test_the_page_loads_only_what_is_served_here(anonymous_client: httpx.AsyncClient, path: str) -> None:
    page = await anonymous_client.get(path)
    assets = _Assets()
    assets.feed(page.text)

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert len(assets.found) >= 4
    assert assets.inline == []
    for url in assets.found:
        assert url.startswith("/schema/assets/")
        asset = await anonymous_client.get(url)
        assert asset.status_code == 200, url
        assert asset.content
        kind = {"js": "text/javascript", "css": "text/css", "png": "image/png"}[url.rpartition(".")[2]]
        assert asset.headers["content-type"].startswith(kind), url


async def test_the_page_may_load_nothing_from_elsewhere(anonymous_client: httpx.AsyncClient) -> None:
    policy = (await anonymous_client.get("/schema")).headers["content-security-policy"]

    directives = {part.strip() for part in policy.split(";")}
    assert directives >= {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"}
    assert "http" not in policy


async def test_the_page_shows_this_document(anonymous_client: httpx.AsyncClient) -> None:
    script = await anonymous_client.get("/schema/assets/start.js")

    # Beside the script, under whatever path that was loaded.
    assert 'new URL("../openapi.json", document.currentScript.src)' in script.text
    assert "http" not in script.text
