"""`likelihand web`."""

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
