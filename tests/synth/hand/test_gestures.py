"""The named poses."""

from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.gestures import GESTURES


def test_gestures_touch_at_most_one_thing_and_are_drawn() -> None:
    for gesture in GESTURES.values():
        assert not (gesture.pinch and gesture.rest)
        assert 0 <= gesture.pinch <= 4 and 0 <= gesture.rest <= 4
        assert gesture.share > 0


def test_what_touches_has_poses_that_were_found_for_it() -> None:
    touching = {name for name, gesture in GESTURES.items() if gesture.pinch or gesture.rest}
    assert set(load_asset().contacts) <= touching
    assert len(load_asset().contacts) >= 0.8 * len(touching)
