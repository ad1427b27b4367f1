"""What a data set says of itself is asked for, and nothing of it must be there."""

from likelihand.data import Concatenated, DrawnHands, Repeated, SceneMix, Subset
from likelihand.data.abilities import Composed, Described, Grouped, Keyed, Named, SampleDataset, name_of
from likelihand.data.dataset import groups_of, parts_of
from likelihand.data.wrapped import CutOff
from likelihand.structures import Record


class Bare:
    """The least that is a data set."""

    def __len__(self) -> int:
        return 2

    def record(self, index: int) -> Record:
        return DrawnHands(2).record(index)


def test_a_bare_data_set_can_do_nothing_of_it() -> None:
    bare = Bare()
    abilities = (Composed, Described, Grouped, Keyed, Named, SampleDataset)
    assert not any(isinstance(bare, ability) for ability in abilities)
    assert name_of(bare) == "Bare" and parts_of(bare) == [bare]
    assert groups_of(bare) == ["drawn 0/0", "drawn 0/1"]


def test_a_name_is_used_unless_it_is_empty() -> None:
    bare = Bare()
    for name, expected in (("mine", "mine"), ("", "Bare")):
        bare.name = name  # type: ignore[attr-defined]
        assert name_of(bare) == expected


def test_wrappers_tell_what_they_are_made_of() -> None:
    inner = DrawnHands(3, seed=4)
    for outer in (Subset(inner, [0]), Repeated(inner, 2), Concatenated([inner]), CutOff(inner)):
        assert isinstance(outer, Composed)
        assert parts_of(outer)[-1] is inner
    assert inner.about() == {"seed": 4, "size": inner.size}


def test_scenes_make_their_own_samples() -> None:
    assert issubclass(SceneMix, SampleDataset) and not issubclass(DrawnHands, SampleDataset)
