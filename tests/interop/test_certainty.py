"""Pictures in the order in which a person should look at them."""

from hypothesis import given, strategies as st

from likelihand.interop.certainty import certainty, least_certain_first

CONFIDENCES = st.lists(st.floats(0, 1), min_size=1, max_size=4)
LINES = st.lists(
    st.lists(CONFIDENCES, max_size=3).map(lambda hands: {"hands": [{"confidence": c} for c in hands]})
)


@given(LINES)
def test_certainty_rises_and_pictures_without_hands_come_last(lines: list) -> None:
    found = [certainty(line) for line in least_certain_first(lines)]
    known = [value for value in found if value is not None]
    assert known == sorted(known) and found[len(known) :] == [None] * (len(lines) - len(known))


def test_alike_pictures_keep_their_order() -> None:
    lines = [{"hands": [{"confidence": [0.5]}], "file": name} for name in "cab"]
    assert [line["file"] for line in least_certain_first(lines)] == ["c", "a", "b"]
