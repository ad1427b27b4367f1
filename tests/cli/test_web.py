"""`likelihand web`."""

import socket

from likelihand import cli
from likelihand.apps.web.files import Page


def test_export_writes_what_any_server_can_host(tmp_path, capsys):
    assert cli.main(["web", "--export", str(tmp_path / "site")]) == 0
    page = Page()
    for name in page.names:
        assert (tmp_path / "site" / name).read_bytes() == page.file(name).unpacked()
    assert not list((tmp_path / "site").rglob("*.gz"))
    assert "any web server" in capsys.readouterr().err


def test_a_model_that_the_page_cannot_run_is_refused(tmp_path, capsys):
    from likelihand.inference.loading import WEIGHTS

    assert cli.main(["web", "--model", str(WEIGHTS / "detect.onnx"), "--export", str(tmp_path)]) == 2
    assert "needs a hand model" in capsys.readouterr().err
    assert cli.main(["web", "--model", str(tmp_path / "none.onnx"), "--export", str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_port_that_cannot_be_had_is_one_line(capsys):
    for command in ("web", "serve"):
        assert cli.main([command, "--port", "99999"]) == 2
        assert "'99999' is not a port; give a number from 0 to 65535" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["web", "--no-browser", "--port", port]) == 2
    assert "the port is taken by another program; give another" in capsys.readouterr().err
