"""`likelihand serve`: the page, and prediction over HTTP and WebSocket."""

import os
import signal
import sys
from pathlib import Path

from likelihand.cli.plain import Namespace, PlainParser
from likelihand.inference.settings import FILMS, PHOTOS


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser("serve", "Serve the page, POST /v1/predict and the WebSocket /v1/stream.")
    p.add_argument("--host", type=str, default="127.0.0.1", help="address to listen at; 0.0.0.0 for all")
    p.add_argument("--port", type=int, default=8750, help="port to listen at")
    p.add_argument("--token", type=str, help="what /v1/ asks for; also from LIKELIHAND_TOKEN")
    p.add_argument("--model", type=Path, help="hand model, an .onnx file; the bundled one")
    p.add_argument(
        "--tta", type=int, default=PHOTOS["tta"], help="crops of a hand in a picture, turned and mirrored"
    )
    p.add_argument(
        "--tiles", type=str, default=PHOTOS["tiles"], help="look for small hands: always, empty or never"
    )
    p.add_argument("--threads", type=int, default=1, help="threads of one prediction")
    p.add_argument("--workers", type=int, help="pictures that are worked on at once; one a processor")
    p.add_argument("--queue", type=int, default=64, help="requests that are received, wait or are worked on")
    p.add_argument("--max-body", type=int, default=16_000_000, help="bytes of a request")
    p.add_argument("--max-pixels", type=int, default=50_000_000, help="pixels of a picture")
    p.add_argument("--timeout", type=float, default=30.0, help="seconds of a request")
    p.add_argument("--connections", type=int, default=256, help="connections at once")
    return p


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; what was begun is finished."""
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
    print(f"http://{arguments.host}:{arguments.port}/ (stop with Ctrl-C)", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when all is done
    try:
        serving.run()
    except KeyboardInterrupt:  # the way to stop it
        return 0
    return 0 if serving.started else 2
