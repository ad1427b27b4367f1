"""Prefetch and decode pictures in a few threads, so that the model does not wait for disk or network."""

import tarfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeAlias, TypeVar

from likelihand.apps.bulk import tables
from likelihand.apps.bulk.inputs import Input
from likelihand.data.formats.kinds import kind_of_name
from likelihand.data.images import ImageError, decode_image, read_image
from likelihand.geometry import Image
from likelihand.utils.storage import is_address, opened

THREADS: Final = 2
AHEAD: Final = 4
"""Pictures that are decoded or being decoded while the model works on another: a bound on memory."""

Source: TypeAlias = str | bytes | Exception | None
"""Where a picture comes from: its path, its encoded bytes, or why it cannot be had; None: nothing is there."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def pictures_of(inputs: Iterable[Input], column: str | None = None) -> Iterator[tuple[str, Image | Exception]]:
    """Yield the pictures of inputs that are no films, in order, each with its path, or why it cannot be read.

    A tar or table that ends too early gives what comes before, then an error under its own path.
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix="read") as pool:
        yield from ahead(_decoded, _sources_of(inputs, column), pool)


def ahead(
    work: Callable[[Item], Result], items: Iterable[Item], pool: ThreadPoolExecutor, most: int = AHEAD
) -> Iterator[Result]:
    """Yield the results of work on items, in order, with at most so many of them begun before they are asked for.

    Example:
        >>> with ThreadPoolExecutor(2) as pool:
        ...     list(ahead(abs, [-2, 3, -1], pool))
        [2, 3, 1]
    """
    begun: deque[Future[Result]] = deque()
    for item in items:
        begun.append(pool.submit(work, item))
        if len(begun) > most:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _sources_of(inputs: Iterable[Input], column: str | None) -> Iterator[tuple[str, Source]]:
    for each in inputs:
        if each.kind == "picture":
            yield each.path, each.path
            continue
        try:
            yield from (
                _members(each.path) if each.kind == "tar" else tables.pictures(each.path, each.group, column)
            )
        except Exception as error:  # whatever a damaged archive or a network makes its reader raise
            yield each.path, error


def _members(path: str) -> Iterator[tuple[str, bytes]]:
    """Yield the encoded pictures of a tar, of which no more than one is in memory at a time."""
    system, place = opened(path)
    with system.open(place, "rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
        for member in archive:
            if member.isfile() and kind_of_name(member.name) == "picture":
                content = archive.extractfile(member)
                assert content is not None
                yield f"{path}/{member.name.removeprefix('./')}", content.read()


def _decoded(item: tuple[str, Source]) -> tuple[str, Image | Exception]:
    path, source = item
    if isinstance(source, Exception):
        return path, source
    try:
        return path, _picture(path, source)
    except Exception as error:  # those of file systems on a network are of many kinds
        return path, error


def _picture(path: str, source: str | bytes | None) -> Image:
    if source is None:
        raise ImageError(f"{path}: the cell is empty; give the bytes of a picture")
    if isinstance(source, bytes):
        return decode_image(source, name=path)
    if not is_address(source):
        return read_image(source)
    system, place = opened(source)
    return decode_image(system.cat_file(place), name=path)
