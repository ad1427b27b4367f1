import pytest

from likelihand.evaluation.robustness import CONDITIONS, Journal, measure


def filled(folder, drawn, truth, settings=None):
    with Journal(folder, "Tool", settings or {"seed": 0}) as journal:
        tool = truth([drawn.record(0).points])
        done = {outcome.key for outcome in journal.outcomes}
        for outcome in measure([tool], drawn, CONDITIONS[:2], done=done, progress=False):
            journal.add(outcome)
    return journal


def test_goes_on_after_a_line_that_was_cut_short(tmp_path, drawn, truth):
    whole = filled(tmp_path, drawn, truth)
    data = whole.file.read_bytes()
    whole.file.write_bytes(data[: len(data) // 2])
    again = filled(tmp_path, drawn, truth)
    assert len(again.outcomes) == len(whole.outcomes) == 8
    assert again.file.read_bytes() == data


def test_other_settings_are_refused(tmp_path, drawn, truth):
    before = filled(tmp_path, drawn, truth).file.read_bytes()
    with pytest.raises(ValueError, match="begun with another seed"):
        filled(tmp_path, drawn, truth, {"seed": 1})
    assert (tmp_path / "tool.jsonl").read_bytes() == before


@pytest.mark.parametrize("line", ["no JSON", "3", "{}"])
def test_a_file_of_something_else_is_refused_and_kept(line, tmp_path):
    (tmp_path / "tool.jsonl").write_text(f"{line}\nmore")
    with pytest.raises(ValueError, match="no file of outcomes"):
        Journal(tmp_path, "Tool", {"seed": 0})
    assert (tmp_path / "tool.jsonl").read_text() == f"{line}\nmore"
