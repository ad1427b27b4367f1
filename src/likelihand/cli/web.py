"""`likelihand web`: the browser page, served from here or written to a folder."""

import sys
import webbrowser
from pathlib import Path

from likelihand.cli.plain import Namespace, PlainParser


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser(
        "web", "Find hands in photos, films and the camera's picture, in the browser; pictures stay there."
    )
    p.add_argument("--model", type=Path, help="hand model, an .onnx file of `likelihand export`; the bundled one")
    p.add_argument("--host", type=str, default="127.0.0.1", help="address to listen at")
    p.add_argument("--port", type=int, default=8750, help="port to listen at; 0 takes a free one")
    p.add_argument("--no-browser", dest="browser", action="store_false", help="open no browser")
    p.add_argument(
        "--export", type=Path, metavar="DIR", help="write the page to a folder for any web server, and end"
    )
    return p


def run(arguments: Namespace) -> int:
    """Serve the page until Ctrl-C, or write it to a folder."""
    from likelihand.apps.web.files import Page
    from likelihand.apps.web.server import PageServer

    page = Page(arguments.model)
    if arguments.export:
        files = page.export(arguments.export)
        print(f"{len(files)} files -> {arguments.export}; any web server can host them", file=sys.stderr)
        return 0
    with PageServer(page, arguments.host, arguments.port) as server:
        print(f"{server.url} (stop with Ctrl-C)", file=sys.stderr)
        if arguments.browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way to stop it
            print(file=sys.stderr)
    return 0
