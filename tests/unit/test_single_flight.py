"""Answers that many ask for at once."""

import asyncio

import pytest

from entrypoints.single_flight import SingleFlight


class Oracle:
    """Takes its time, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0
        self.error: Exception | None = None

    async def answer(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.asked

    def clock(self) -> float:
        return self.now


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def shared(oracle: Oracle) -> SingleFlight[int]:
    return SingleFlight(oracle.answer, clock=oracle.clock)


async def test_many_at_once_get_one_answer(shared: SingleFlight[int], oracle: Oracle) -> None:
    assert set(await asyncio.gather(*(shared() for _ in range(100)))) == {1}
    assert oracle.asked == 1


@pytest.mark.parametrize(("later", "asked"), [(0.0, 1), (0.99, 1), (1.0, 2), (100.0, 2)])
async def test_an_answer_is_good_for_a_second(
    shared: SingleFlight[int], oracle: Oracle, later: float, asked: int
) -> None:
    await shared()
    oracle.now += later

    await shared()

    assert oracle.asked == asked


async def test_who_goes_away_takes_the_answer_from_nobody(shared: SingleFlight[int]) -> None:
    impatient, patient = asyncio.create_task(shared()), asyncio.create_task(shared())
    await asyncio.sleep(0)

    impatient.cancel()

    assert await patient == 1


async def test_an_error_is_an_answer_too(shared: SingleFlight[int], oracle: Oracle) -> None:
    oracle.error = ValueError("no idea")
    for _ in range(2):
        with pytest.raises(ValueError, match="no idea"):
            await shared()
    assert oracle.asked == 1

    oracle.now, oracle.error = 2.0, None
    assert await shared() == 2
