"""Tell pictures from films by file name and first bytes."""

from pathlib import PurePath
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["picture", "film"]

PICTURES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif"}
)
"""Endings of pictures."""

FILMS: Final = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".divx", ".wmv", ".asf", ".flv"),
        *(".f4v", ".ogv", ".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".ts", ".m2ts", ".mts", ".m2t", ".mxf"),
        *(".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg", ".ivf", ".y4m", ".dv", ".nut", ".rm"),
    }
)
"""Endings of films."""

HEAD: Final = 2048
"""Bytes of a file's beginning that tell its kind."""

_PICTURE_SIGNS: Final = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"II*\0",  # TIFF
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  ",  # JPEG 2000
    b"\xffO\xffQ",
    *(b"P%d" % i + end for i in range(1, 7) for end in (b"\n", b" ", b"\r", b"\t")),  # PBM, PGM, PPM
)
_FILM_SIGNS: Final = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: WMV
    b"\0\0\x01\xba",  # MPEG program stream
    b"\0\0\x01\xb3",  # MPEG video
    b"\0\0\0\x01\x67",  # H.264, from its parameters on
    b"\0\0\0\x01\x40",  # H.265
    b"YUV4MPEG2",
    b"DKIF",  # IVF
    b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02",  # MXF
)
_STILL_BRANDS: Final = frozenset(
    {b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
)
_RIFF: Final[dict[bytes, Kind]] = {b"WEBP": "picture", b"AVI ": "film"}
_FILM_ATOMS: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_PACKETS: Final = (188, 192, 204)  # lengths of a transport stream's packets


def kind_of_content(head: bytes) -> Kind | None:
    """Tell what begins with these bytes, `HEAD` of them or all there are; None where they are not known.

    Example:
        >>> kind_of_content(b"GIF89a"), kind_of_content(b"OggS"), kind_of_content(b"Dear Sir")
        ('picture', 'film', None)
    """
    four, brand = head[4:8], head[8:12]
    if four == b"ftyp":
        return "picture" if brand in _STILL_BRANDS else "film"
    if head[:4] == b"RIFF":
        return _RIFF.get(brand)
    if head.startswith(_PICTURE_SIGNS) or (head[:2] == b"BM" and head[6:10] == bytes(4)):
        return "picture"
    if head.startswith(_FILM_SIGNS) or four in _FILM_ATOMS or _is_transport_stream(head):
        return "film"
    return None


def _is_transport_stream(head: bytes) -> bool:
    """Tell whether five packets of an MPEG transport stream follow one another, the first perhaps in part."""
    return any(
        head[first : first + 5 * length : length] == b"GGGGG" for length in _PACKETS for first in range(length)
    )


def kind_of_name(name: str) -> Kind | None:
    """Tell what a file's name says; None where it says nothing.

    Example:
        >>> kind_of_name("a/CLIP.TS"), kind_of_name("a.jpeg"), kind_of_name("a/clip")
        ('film', 'picture', None)
    """
    ending = PurePath(name).suffix.lower()
    return "film" if ending in FILMS else "picture" if ending in PICTURES else None
