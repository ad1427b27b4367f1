"""Read a COCO file: its pictures, annotations and categories."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from likelihand.data.formats.keypoint_names import hands_of_names
from likelihand.data.formats.sides import side_in_text
from likelihand.structures import Side
from likelihand.utils.validation import Malformed, as_list, as_mapping, as_text, fail, plain, read_json

WHAT: Final = "a COCO keypoint JSON file"
OWN_ORDER: Final = tuple(range(21))
Hands: TypeAlias = tuple[tuple[Side | None, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class CocoImage:
    """A picture of a file.

    Attributes:
        file_name: as the file has it.
        fields: all that the file says of it.
    """

    file_name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the hands of a category are among its keypoints.

    Attributes:
        name: of the category.
        count: keypoints of an annotation: 21 or 42.
        hands: the side, where the names say so, and the place of each of our keypoints.
        side: that the category's name says.
    """

    name: str = "hand"
    count: int = 21
    hands: Hands = ((None, OWN_ORDER),)
    side: Side | None = None


@dataclass(eq=False)
class CocoFile:
    """The checked content of a file; what single annotations say is checked by `hands_of`.

    Attributes:
        path: of the file.
        images: pictures by id, as text.
        annotations: names and fields.
        layouts: by the category's id, as text; None where its keypoints are not those of a hand.
        default: the layout where the file lists no category.
        foreign: ids, as text, of categories with another number of keypoints whose name says nothing of hands.
        refused: a line for every category whose keypoint names are not understood.
        problems: a line for every part that was left out.
    """

    path: Path
    images: dict[str, CocoImage] = field(default_factory=dict)
    annotations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    layouts: dict[str, Layout | None] = field(default_factory=dict)
    default: Layout = field(default_factory=Layout)
    foreign: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def image_of(self, annotation: Mapping[str, Any], name: str) -> CocoImage:
        """Return the picture of an annotation.

        Raises:
            Malformed: the file does not list it.
        """
        image = self.images.get(_identifier(annotation.get("image_id")) or "")
        return image or fail(
            f"{self.path} {name}, field image_id", annotation.get("image_id"), "the id of an image"
        )

    def fields_of(self, annotation: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an annotation and, where it lacks one, of its picture."""
        image = self.images.get(_identifier(annotation.get("image_id")) or "")
        return {**(image.fields if image else {}), **annotation}

    def matches(self, annotation: Mapping[str, Any], where: Mapping[str, str]) -> bool:
        """Tell whether these fields of an annotation, or else of its picture, read like this."""
        fields = self.fields_of(annotation) if where else {}
        return all(plain(fields.get(key)) == str(value) for key, value in where.items())

    def is_foreign(self, annotation: Mapping[str, Any]) -> bool:
        """Tell whether an annotation's category is none of a hand: a person's, say."""
        return _identifier(annotation.get("category_id")) in self.foreign

    def layout_of(self, annotation: Mapping[str, Any], name: str) -> Layout | None:
        """Return the layout of an annotation's category; None where it is none of a hand.

        Raises:
            Malformed: the category's id is neither a number nor text.
        """
        if not self.layouts:
            return self.default
        category = annotation.get("category_id")
        if category is None and len(self.layouts) == 1:
            return next(iter(self.layouts.values()))
        if (number := _identifier(category)) is None:
            fail(f"{self.path} {name}, field category_id", category, "the id of a category")
        return self.layouts.get(number)


def read_coco(path: str | Path, keypoint_order: Sequence[int] | None = None) -> CocoFile:
    """Read a COCO file: the lists `images` (with `id` and `file_name`), `annotations` and `categories`.

    Args:
        path: of the JSON file.
        keypoint_order: `p` such that our keypoint i is the file's p[i]; by the categories' names where None.

    Returns:
        Its content; single parts that cannot be read are left out and told in `problems`.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is not JSON, or lacks a part.

    Example:
        >>> read_coco("missing.json")
        Traceback (most recent call last):
        FileNotFoundError: missing.json is missing; give a COCO keypoint JSON file
    """
    content = read_json(path, WHAT)
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise Malformed(f"{path} is no COCO JSON: it needs the lists images and annotations")
    file = CocoFile(Path(path))
    _read_images(file, as_list(content["images"], f"{path}, field images"))
    _read_categories(file, content.get("categories") or [], keypoint_order)
    annotations = as_list(content["annotations"], f"{path}, field annotations")
    numbers = [_identifier(a.get("id")) if isinstance(a, dict) else None for a in annotations]
    often = Counter(numbers)
    for place, (annotation, number) in enumerate(zip(annotations, numbers, strict=True)):
        name = f"annotation {number}" if number else "annotation"
        name += "" if number and often[number] == 1 else f" #{place}"
        if _kept(file, partial(as_mapping, annotation, f"{path} {name}")):
            file.annotations.append((name, annotation))
    return file


def _kept(file: CocoFile, read: Callable[[], object]) -> bool:
    """Run a part of the reading and note what is wrong with it; say whether nothing is."""
    try:
        read()
    except Malformed as error:
        file.problems.append(str(error))
        return False
    return True


def _read_images(file: CocoFile, images: list[Any]) -> None:
    doubled = set()
    for place, image in enumerate(images):
        where = f"{file.path} image #{place}"

        def read(image: Any = image, where: str = where) -> None:  # noqa: ANN401
            fields = as_mapping(image, where)
            number = _id_of(fields, where)
            made = CocoImage(as_text(fields.get("file_name"), f"{where}, field file_name"), fields)
            if file.images.setdefault(number, made).file_name != made.file_name:
                doubled.add(number)
                fail(f"{where}, field id", fields["id"], "an id of its own: two pictures have it")

        _kept(file, read)
    for number in doubled:  # nobody can say which of the pictures an annotation means
        del file.images[number]


def _id_of(fields: Mapping[str, Any], where: str) -> str:
    number = fields.get("id")
    return _identifier(number) or fail(f"{where}, field id", number, "a number or text")


def _identifier(value: object) -> str | None:
    """Return an id as text, so that 7, "7" and 7.0 are one; None of anything that is no id."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e18:
        return None
    return str(int(value)) if value == int(value) else str(value)


def _read_categories(file: CocoFile, categories: object, keypoint_order: Sequence[int] | None) -> None:
    if keypoint_order is not None and sorted(keypoint_order) != list(range(21)):
        raise ValueError(f"keypoint_order {list(keypoint_order)} is not a permutation of 0 to 20")
    given: Hands | None = None if keypoint_order is None else ((None, tuple(keypoint_order)),)
    file.default = Layout(hands=given) if given else Layout()
    for place, category in enumerate(as_list(categories, f"{file.path}, field categories")):
        where = f"{file.path} category #{place}"
        fields = as_mapping(category, where)
        number = _id_of(fields, where)
        try:
            file.layouts[number] = _layout(fields, where, given)
            if file.layouts[number] is None and "hand" not in plain(fields.get("name", "")).lower():
                file.foreign.add(number)
        except ValueError as error:
            file.layouts[number] = None
            file.refused.append(str(error) if isinstance(error, Malformed) else f"{where}: {error}")


def _layout(category: Mapping[str, Any], where: str, given: Hands | None) -> Layout | None:
    names = category.get("keypoints") or []
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names, key=lambda k: (len(str(k)), str(k)))]
    names = as_list(names, f"{where}, field keypoints")
    if len(names) not in (0, 21, 42):
        return None
    named: Hands = tuple(hands_of_names(names)) if len(names) == 42 or (names and not given) else ()
    hands = named or given or ((None, OWN_ORDER),)
    name = plain(category.get("name", ""))
    side = side_in_text(name) or side_in_text(plain(category.get("supercategory", "")))
    return Layout(name, len(names) or 21, hands, side)
