"""`likelihand serve`: which options reach the server."""

import socket
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra likelihand[serve] is not installed")
pytest.importorskip("uvicorn", reason="the extra likelihand[serve] is not installed")

from likelihand.apps.serve import application as applications, server as servers
from likelihand.apps.serve.limits import Limits
from likelihand.cli import main
from likelihand.inference import FILMS, PHOTOS


class Started:
    """A server that ends at once."""

    started = True

    def run(self, sockets: list[Any]) -> None:
        raise KeyboardInterrupt


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    """Run the command and return what the server was made of."""
    seen: dict[str, Any] = {}

    def application(service: Any, page: Any, token: str | None) -> str:
        seen.update(service=service, token=token)
        return "application"

    def server(app: str, limits: Limits, host: str, port: int) -> Started:
        seen.update(limits=limits, place=(host, port))
        return Started()

    monkeypatch.setattr(applications, "application", application)
    monkeypatch.setattr(servers, "server", server)
    assert main(["serve", "--port", "0", *words]) == 0
    return seen


def test_pictures_are_looked_at_as_predict_does_and_streams_as_films(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIKELIHAND_TOKEN", raising=False)
    seen = asked(monkeypatch, "--workers", "2")
    service = seen["service"]
    assert (service.predict.tta, service.predict.detector.tiles) == (PHOTOS["tta"], PHOTOS["tiles"])
    assert (service.follow.tta, service.follow.detector.tiles) == (FILMS["tta"], FILMS["tiles"])
    assert (seen["limits"].workers, seen["token"], seen["place"]) == (2, None, ("127.0.0.1", 0))


def test_options_and_the_environments_token_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKELIHAND_TOKEN", "secret")
    seen = asked(monkeypatch, "--tta", "2", "--tiles", "never", "--max-pixels", "99", "--timeout", "2.5")
    assert (seen["service"].predict.tta, seen["service"].predict.detector.tiles) == (2, "never")
    assert (seen["limits"].pixels, seen["limits"].seconds, seen["token"]) == (99, 2.5, "secret")


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    told = capsys.readouterr().err
    assert told.startswith("likelihand: the port is taken by another program") and told.count("\n") == 1
