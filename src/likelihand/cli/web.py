"""`likelihand web`: the browser page, served from here or written to a folder."""

import sys
import webbrowser
from pathlib import Path

from likelihand.cli.plain import Namespace, PlainParser, port


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser("web", "Find hands in photos, films and the webcam, in the browser; no picture leaves it.")
    p.add_argument(
        "--model", type=Path, help=".onnx file written by `likelihand export` (default: the bundled model)"
    )
    p.add_argument("--host", type=str, default="127.0.0.1", help="address to listen on")
    p.add_argument("--port", type=port, default=8750, help="port to listen on; 0 for any free one")
    p.add_argument("--no-browser", dest="browser", action="store_false", help="do not open a browser")
    p.add_argument(
        "--export", type=Path, metavar="DIR", help="write the page to this folder, for any web server, and exit"
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
