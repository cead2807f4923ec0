"""What HAProxy passes on of what it is told: who asks, over what, and under which id."""

import re
from collections.abc import Generator

import httpx
import pytest

from tests.integration.balancer import TIMEOUT, Balancer, balancing
from tests.needs import ENGINE, require

CLIENT = "203.0.113.9"
FORGED = {
    "X-Forwarded-For": CLIENT,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example.com",
    "Forwarded": f"for={CLIENT};proto=https",
}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def balancer() -> Generator[Balancer]:
    require(ENGINE)
    with balancing() as balancer:
        yield balancer


class TestWhoAsks:
    def test_a_stranger_cannot_pass_for_somebody_else(self, balancer: Balancer) -> None:
        got = balancer.replica_gets(FORGED)

        (address,) = got["x-forwarded-for"]
        assert address not in {CLIENT, balancer.proxy_address}
        assert got["x-forwarded-proto"] == ["http"]
        assert got["x-forwarded-host"] == []
        assert got["forwarded"] == []

    def test_a_proxy_that_is_named_is_believed_and_its_address_added(self, balancer: Balancer) -> None:
        got = balancer.replica_gets_from_proxy({"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"})

        assert got["x-forwarded-for"] == [CLIENT, balancer.proxy_address]
        assert got["x-forwarded-proto"] == ["https"]

    def test_what_a_proxy_does_not_say_is_filled_in(self, balancer: Balancer) -> None:
        got = balancer.replica_gets_from_proxy({})

        assert got["x-forwarded-for"] == [balancer.proxy_address]
        assert got["x-forwarded-proto"] == ["http"]

    def test_the_log_names_the_client_and_not_the_proxy(self, balancer: Balancer) -> None:
        balancer.replica_gets_from_proxy({"X-Forwarded-For": f"198.51.100.7, {CLIENT}", "X-Request-ID": "logged-1"})

        assert balancer.logs(rf"^{re.escape(CLIENT)} GET / 200 .* logged-1$")


class TestRequestId:
    def test_a_good_one_is_kept(self, balancer: Balancer) -> None:
        assert balancer.replica_gets({"X-Request-ID": "order-66"})["x-request-id"] == ["order-66"]

    def test_without_one_it_is_that_of_the_trace(self, balancer: Balancer) -> None:
        got = balancer.replica_gets({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})

        assert got["x-request-id"] == [TRACE]

    @pytest.mark.parametrize("given", [None, '"}{', "x" * 101, "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "0aF9" * 16])
    def test_without_a_good_one_it_is_new(self, given: str | None, balancer: Balancer) -> None:
        headers = {"X-Request-ID": given} if given else {}
        first, second = (balancer.replica_gets(headers)["x-request-id"] for _ in range(2))

        assert [len(text) for text in first + second] == [36, 36]
        assert first != second

    def test_errors_of_the_balancer_have_it_and_so_has_its_log(self, balancer: Balancer) -> None:
        answer = httpx.post(balancer.url, headers={"X-Request-ID": "lost-1"}, timeout=TIMEOUT)

        problem = answer.json()
        assert (answer.status_code, answer.headers["x-request-id"]) == (502, "lost-1")
        assert (problem["code"], problem["request_id"]) == ("unavailable", "lost-1")
        assert balancer.logs(r" POST / 502 .* lost-1$")

    def test_a_bad_one_beside_a_good_one_gets_into_no_document(self, balancer: Balancer) -> None:
        pair = [("X-Request-ID", "good"), ("X-Request-ID", '","code":"forged')]

        assert httpx.post(balancer.url, headers=pair, timeout=TIMEOUT).json()["code"] == "unavailable"
