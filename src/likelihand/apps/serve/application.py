"""The routes of the server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from likelihand.apps.serve.description import description
from likelihand.apps.serve.guard import App, Guard, refused
from likelihand.apps.serve.limits import Refusal
from likelihand.apps.serve.pictures import boxes_by_name, boxes_of
from likelihand.apps.serve.service import Service
from likelihand.apps.serve.stream import stream
from likelihand.apps.web.files import HEADERS, Page


def application(service: Service, page: Page, token: str | None = None) -> App:
    """Make the ASGI application of the routes and of the page at `/`; see `Guard` for the token."""

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        service.close()

    routes = [
        Route("/v1/predict", predict, methods=["POST"]),
        WebSocketRoute("/v1/stream", stream),
        Route("/healthz", health),
        Route("/openapi.json", describe),
        Route("/{name:path}", page_file),
    ]
    app = Starlette(routes=routes, lifespan=life, exception_handlers=_HANDLERS)
    app.state.service, app.state.page = service, page
    return Guard(app, service.limits, token)


def _failed(_: Request, error: Exception) -> Response:
    if isinstance(error, Refusal):
        return refused(error)
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail.lower()}, error.status_code, error.headers)
    return refused(Refusal(500, "the server failed at this request"))


_HANDLERS: Final = {Refusal: _failed, HTTPException: _failed, Exception: _failed}


async def predict(request: Request) -> Response:
    """Predict the picture in the body, or the pictures of a form."""
    service: Service = request.app.state.service
    async with service.place():
        try:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                return await _predict_form(request, service)
            data = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        boxes = boxes_of(request.query_params.get("boxes"), service.limits)
        name = request.query_params.get("name", "picture")[:200]
        return JSONResponse(await service.work(partial(service.line, data, name, boxes)))


async def _predict_form(request: Request, service: Service) -> Response:
    """Answer with one line per picture, as in `predictions.jsonl`."""
    limits = service.limits
    try:
        form = await request.form(max_files=limits.files, max_fields=4, max_part_size=1_000_000)
    except (HTTPException, KeyError) as error:  # Starlette's parser; a form without a boundary
        raise Refusal(400, f"the form cannot be read: {getattr(error, 'detail', 'no boundary')}") from error
    try:
        pictures = await _pictures(form)
        text = form.get("boxes")
        boxes = boxes_by_name(text if isinstance(text, str) else None, limits)
        lines = [await service.work(partial(service.line, data, name, boxes.get(name))) for name, data in pictures]
    finally:
        await form.close()
    body = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
    return Response(body, media_type="application/jsonl")


async def _pictures(form: FormData) -> list[tuple[str, bytes]]:
    files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    if not files:
        raise Refusal(422, "the form holds no file; send pictures as parts with a file name")
    return [((file.filename or "picture")[:200], await file.read()) for file in files]


async def health(request: Request) -> Response:
    """Report that the server is up, and its load."""
    service: Service = request.app.state.service
    return JSONResponse({"status": "ok", "waiting": service.waiting, "streams": service.streams})


async def describe(request: Request) -> Response:
    """Describe the routes as OpenAPI has it."""
    service: Service = request.app.state.service
    return JSONResponse(description(service.limits))


async def page_file(request: Request) -> Response:
    """Send a file of the page."""
    page: Page = request.app.state.page
    file = page.file(request.path_params["name"])
    if file is None:
        raise HTTPException(404, "no such file")
    packed = file.packed and "gzip" in request.headers.get("accept-encoding", "")
    more: dict[str, Any] = {"Content-Encoding": "gzip"} if packed else {}
    content = file.content if packed else file.unpacked()
    return Response(content, headers=HEADERS | more, media_type=file.media_type)
