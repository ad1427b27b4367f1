"""Fetch a web address: its first bytes or all of them, with errors that name the problem."""

import base64
import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit, urlunsplit

from likelihand.tracking.addresses import HEAD, Peeked, Stream, shown
from likelihand.tracking.frames import VideoError


def web_head(address: str, timeout: float) -> tuple[bytes, bool]:
    """Return the first bytes at an address, and whether its server supports range requests.

    A name and password in the address are sent as HTTP's basic scheme has it; a server that is silent for
    `timeout` seconds is given up.

    Raises:
        VideoError: the server cannot be reached, does not answer or does not have it.
    """
    with web_stream(address, timeout, {"Range": f"bytes=0-{HEAD - 1}"}) as (stream, status):
        return Peeked(stream).peek(HEAD), status == http.client.PARTIAL_CONTENT


def web_bytes(address: str, timeout: float) -> bytes:
    """Return all bytes at an address; see `web_head`.

    Raises:
        VideoError: the server cannot be reached, does not answer or does not have it.
    """
    with web_stream(address, timeout) as (stream, _):
        return stream.read()


@contextmanager
def web_stream(
    address: str, timeout: float, headers: dict[str, str] | None = None
) -> Iterator[tuple[Stream, int]]:
    """Open an address as a stream of bytes with the status of the server's answer; see `web_head`.

    Raises:
        VideoError: also while it is read.
    """
    try:
        with urllib.request.urlopen(_request(address, headers or {}), timeout=timeout) as answer:
            yield answer, answer.status
    except urllib.error.HTTPError as error:
        raise VideoError(
            f"{shown(address)}: the server answers {error.code} ({error.reason}); check the address"
        ) from error
    except VideoError:
        raise
    except TimeoutError as error:
        raise VideoError(f"{shown(address)}: no answer for {timeout:g} s; check the address") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        if isinstance(why, TimeoutError):
            why = f"no answer for {timeout:g} s"
        raise VideoError(f"{shown(address)}: cannot be opened ({why}); check the address") from error


def _request(address: str, headers: dict[str, str]) -> urllib.request.Request:
    """Make a request; what stands before the host becomes a header, which urllib does not do."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    plain = urlunsplit(parts._replace(netloc=host, fragment=""))
    if at:
        headers |= {"Authorization": "Basic " + base64.b64encode(unquote(user).encode()).decode()}
    return urllib.request.Request(plain, headers=headers)
