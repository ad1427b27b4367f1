"""Leave listed hands out of a data set, e.g. the suspects of an audit."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from likelihand.data.abilities import SampleDataset
from likelihand.data.dataset import Dataset, Subset, TrainingData, keys_of

KEY: Final = "key"
SUSPECT: Final = "suspect"
_ANSWERS: Final = {"1": True, "true": True, "0": False, "false": False}


class LeftOut(Subset):
    """A data set without some of its records.

    Args:
        dataset: the whole.
        indices: of the records that stay.
        left_out: how many records each list took, by the list's name.
    """

    def __init__(self, dataset: Dataset, indices: list[int], left_out: Mapping[str, int]) -> None:
        super().__init__(dataset, indices)
        self.left_out = dict(left_out)


def read_keys(path: str | Path) -> list[str]:
    r"""Read which hands a CSV file lists, as `likelihand audit` writes it (`suspects.csv`): their keys, in order.

    The first row names the columns: `key` is `Record.key`; where there is a column `suspect`, rows in which it is
    0 are not listed.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty or no text, lacks the column, or a row is not whole.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "suspects.csv")
        ...     _ = file.write_text("key,suspect\na.jpg 1,1\nb.jpg 1,0\n")
        ...     read_keys(file)
        ['a.jpg 1']
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give a CSV file with a column {KEY!r}, as audit writes it")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV text in UTF-8 ({error}); give the file that audit wrote") from error
    if not rows:
        raise ValueError(f"{path} is empty; expected a first row with a column {KEY!r}")
    if KEY not in rows[0]:
        shown = ", ".join(rows[0])[:200]
        raise ValueError(f"{path} has no column {KEY!r}, only {shown}; name the column of the records' keys so")
    lines = [(number, row) for number, row in enumerate(rows[1:], 2) if row]
    return [row[rows[0].index(KEY)] for number, row in lines if _is_listed(path, number, row, rows[0])]


def _is_listed(path: Path, number: int, row: list[str], columns: list[str]) -> bool:
    if len(row) != len(columns):
        raise ValueError(f"{path} row {number} has {len(row)} values; expected {len(columns)}, one a column")
    if not row[columns.index(KEY)]:
        raise ValueError(f"{path} row {number} has no key; give the hand's, or leave the row out")
    if SUSPECT not in columns:
        return True
    answer = row[columns.index(SUSPECT)].strip().lower()
    if answer not in _ANSWERS:
        raise ValueError(f"{path} row {number}: {SUSPECT} is {answer!r}, expected 1 or 0")
    return _ANSWERS[answer]


def leave_out(dataset: TrainingData, lists: Mapping[str, Iterable[str]]) -> LeftOut:
    """Leave out the records that the lists name; keys (`Record.key`) come by the name of the list.

    A key that several records share leaves all out.

    Raises:
        ValueError: a key is no record's, nothing is left, or the data set makes its own samples, as a detector's
            does.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> kept = leave_out(DrawnHands(4), {"mine": ["drawn 0/1", "drawn 0/3"]})
        >>> kept.indices, kept.left_out
        ((0, 2), {'mine': 2})
    """
    if isinstance(dataset, SampleDataset):
        raise ValueError(f"a {type(dataset).__name__} holds whole pictures; only single hands can be left out")
    wanted = {name: set(keys) for name, keys in lists.items()}
    total = len(dataset)
    keys = keys_of(dataset)
    for name, listed in wanted.items():
        _check_known(name, listed, keys)
    unwanted = set().union(*wanted.values())
    kept = [index for index, key in enumerate(keys) if key not in unwanted]
    if not kept:
        raise ValueError(f"{', '.join(wanted)}: all {total} hands are listed and none is left to train on")
    return LeftOut(dataset, kept, {n: sum(key in listed for key in keys) for n, listed in wanted.items()})


def _check_known(name: str, listed: set[str], keys: list[str]) -> None:
    unknown = sorted(listed - set(keys))
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise ValueError(
            f"{name}: no hand of the training data has the key {unknown[0]!r}{more}; the first one's is "
            f"{keys[0]!r}: make the list of the same data, given by the same path"
        )
