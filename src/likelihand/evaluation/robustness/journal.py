"""Files of outcomes from which interrupted work is resumed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from likelihand.evaluation.robustness.measure import Outcome
from likelihand.utils.files import begin_folder


class Journal:
    """A tool's outcomes, one per line; each is written before the next hand is processed.

    Each tool has a file of its own, so that a new model can be measured beside what another tool made before.

    Args:
        folder: made where it is missing.
        tool: name of the tool; the files are TOOL.jsonl and TOOL.json, in small letters.
        settings: under which outcomes belong together, as JSON values.

    Raises:
        ValueError: the file was begun with other settings, or its outcomes are none.

    Example:
        >>> import tempfile
        >>> len(Journal(Path(tempfile.mkdtemp()), "likelihand", {"seed": 0}).outcomes)
        0
    """

    def __init__(self, folder: Path, tool: str, settings: Mapping[str, object]) -> None:
        begin_folder(folder / f"{tool.lower()}.json", settings)
        self.file = folder / f"{tool.lower()}.jsonl"
        self.outcomes = self._read() if self.file.is_file() else []

    def _read(self) -> list[Outcome]:
        """Read the whole lines, and cut off what an interruption left of the last one."""
        data = self.file.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        try:
            outcomes = [Outcome.from_json(json.loads(line)) for line in whole.splitlines()]
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{self.file} is no file of outcomes ({error}); give another --out") from error
        if len(whole) < len(data):
            self.file.write_bytes(whole)
        return outcomes

    def __enter__(self) -> "Journal":
        self._open: TextIO = self.file.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome, as it reads back from the disk."""
        values = outcome.to_json()
        self._open.write(json.dumps(values) + "\n")
        self._open.flush()
        self.outcomes.append(Outcome.from_json(values))
