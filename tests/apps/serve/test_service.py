"""The queue before the threads that predict."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from likelihand.apps.serve.limits import Limits, Refusal
from likelihand.apps.serve.service import Service
from tests.apps.serve.conftest import picture, running


def test_a_full_queue_says_so():
    with running(seconds=0.5) as (_, number):
        url = f"http://127.0.0.1:{number}/v1/predict"
        with httpx.Client(verify=False, timeout=30) as client, ThreadPoolExecutor(16) as pool:
            codes = list(pool.map(lambda _: client.post(url, content=picture()).status_code, range(16)))
    # eight hold a place; those that would take longer than the limit are told so too
    assert set(codes) <= {200, 503, 408} and codes.count(503) >= 6 and codes.count(200) >= 4


def test_a_request_that_takes_too_long_is_ended():
    with running(seconds=4.0) as (_, number):
        answer = httpx.post(f"http://127.0.0.1:{number}/v1/predict", content=picture(), timeout=30)
    assert answer.status_code == 408 and "not done within 3 s" in answer.json()["error"]


def test_a_place_is_given_back_whatever_happens():
    service = Service(None, None, Limits(queue=2))

    async def fill():
        async with service.place(), service.place():
            assert service.waiting == 2
            with pytest.raises(Refusal, match="2 requests are waiting; try again in a moment"):
                async with service.place():
                    pass
        with pytest.raises(KeyError):
            async with service.place():
                raise KeyError
        return service.waiting

    assert asyncio.run(fill()) == 0
    service.close()


def test_no_more_than_the_workers_are_worked_on_at_once():
    service, running_now, most = Service(None, None, Limits(workers=2)), [], []
    gate = threading.Barrier(2, timeout=20)

    def task():
        running_now.append(1)
        most.append(len(running_now))
        gate.wait()  # two at once, or this breaks
        running_now.pop()

    async def run():
        await asyncio.gather(*(service.work(task) for _ in range(6)))

    asyncio.run(run())
    service.close()
    assert max(most) <= 2
