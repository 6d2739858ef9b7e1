"""Tasks that are cancelled end, whatever swallows a cancellation."""

import asyncio

import pytest

from broadcast.store import ending


async def stubborn(times: int) -> None:
    """Go on after so many cancellations."""
    while times:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            times -= 1
    await asyncio.sleep(60)


async def failing() -> None:
    """Fail when it is cancelled."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ValueError from None


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN", 0.01)


def test_a_task_that_swallows_cancellations_ends() -> None:
    """It is cancelled until it has ended; another's error is nobody's."""

    async def scenario() -> None:
        tasks = [asyncio.ensure_future(each) for each in (stubborn(2), failing())]
        await asyncio.sleep(0)
        await asyncio.wait_for(ending.end(*tasks), 30)
        assert all(task.done() for task in tasks)

    asyncio.run(scenario())


def test_who_ends_others_may_be_cancelled_too() -> None:
    """That is done when they have ended."""

    async def scenario() -> None:
        task = asyncio.ensure_future(stubborn(3))
        await asyncio.sleep(0)
        ends = asyncio.ensure_future(ending.end(task))
        await asyncio.sleep(0)
        ends.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ends
        assert task.done()

    asyncio.run(scenario())
