"""`likelihand serve`: the page, and prediction over HTTP and WebSocket."""

import os
import signal
import socket
import sys
from pathlib import Path

from likelihand.cli.plain import THREADS_HELP, Namespace, PlainParser, port
from likelihand.inference.settings import FILMS, PHOTOS


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser("serve", "Serve the browser page, POST /v1/predict and the WebSocket /v1/stream.")
    p.add_argument(
        "--host", type=str, default="127.0.0.1", help="address to listen on; 0.0.0.0 for all interfaces"
    )
    p.add_argument("--port", type=port, default=8750, help="port to listen on; 0 for any free one")
    p.add_argument("--token", type=str, help="bearer token required by /v1/; also read from LIKELIHAND_TOKEN")
    p.add_argument("--model", type=Path, help=".onnx file of a hand model (default: the bundled model)")
    p.add_argument(
        "--tta",
        type=int,
        default=PHOTOS["tta"],
        help="test-time augmentation: rotated and mirrored crops per hand in a picture",
    )
    p.add_argument(
        "--tiles",
        type=str,
        default=PHOTOS["tiles"],
        help="detect small hands in tiles: always, empty (if nothing else is found) or never",
    )
    p.add_argument("--threads", type=int, default=1, help=THREADS_HELP)
    p.add_argument("--workers", type=int, help="pictures processed at once (default: one per CPU)")
    p.add_argument("--queue", type=int, default=64, help="maximum number of requests in progress or waiting")
    p.add_argument("--max-body", type=int, default=16_000_000, help="maximum size of a request in bytes")
    p.add_argument("--max-pixels", type=int, default=50_000_000, help="maximum number of pixels in a picture")
    p.add_argument("--timeout", type=float, default=30.0, help="timeout of a request in seconds")
    p.add_argument("--connections", type=int, default=256, help="maximum number of open connections")
    return p


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; requests in progress are finished."""
    from likelihand.apps.serve.application import application
    from likelihand.apps.serve.limits import Limits
    from likelihand.apps.serve.server import server
    from likelihand.apps.serve.service import Service
    from likelihand.apps.web.files import Page
    from likelihand.inference import load

    limits = Limits(
        body=arguments.max_body,
        pixels=arguments.max_pixels,
        queue=arguments.queue,
        workers=arguments.workers or os.cpu_count() or 1,
        seconds=arguments.timeout,
        connections=arguments.connections,
    )
    predict = load(arguments.model, "onnx", arguments.threads, tiles=arguments.tiles, tta=arguments.tta)
    follow = load(arguments.model, "onnx", arguments.threads, **FILMS)
    service = Service(predict, follow, limits)
    token = arguments.token or os.environ.get("LIKELIHAND_TOKEN") or None
    serving = server(application(service, Page(arguments.model), token), limits, arguments.host, arguments.port)
    with _listening(arguments.host, arguments.port) as listening:
        print(f"http://{arguments.host}:{listening.getsockname()[1]}/ (stop with Ctrl-C)", file=sys.stderr)
        signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when all is done
        try:
            serving.run(sockets=[listening])
        except KeyboardInterrupt:  # the way to stop it
            return 0
    return 0 if serving.started else 2


def _listening(host: str, port: int) -> socket.socket:
    """Take the port here: uvicorn tells a taken one in its own words, after the address was printed.

    Raises:
        OSError: the port is taken, or the host is not this machine's.
    """
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
