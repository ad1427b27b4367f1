from types import SimpleNamespace

import pytest

from likelihand.data import Concatenated, DrawnHands, Repeated, leave_out, read_keys
from likelihand.data.scenes import SceneMix


def written(tmp_path, content):
    file = tmp_path / "suspects.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_reads_what_an_audit_writes(tmp_path):
    from likelihand.evaluation.audit.report import write_csv

    told = {"nats": 9.0, "pattern": "a, b", "detail": '"', "keypoints": (1, 2)}
    suspicions = [SimpleNamespace(index=i, suspect=i != 2, **told) for i in (3, 2, 0)]
    file = tmp_path / "suspects.csv"
    write_csv(file, suspicions, DrawnHands(4))
    assert read_keys(file) == ["drawn 0/3", "drawn 0/0"]


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("key\na b.jpg 1\n", ["a b.jpg 1"]),
        ('key,why\r\n"a, b.jpg",far\r\n\r\nc.jpg,near\r\n', ["a, b.jpg", "c.jpg"]),
        ("\ufeffkey,suspect\nä.jpg,1\nb.jpg,0\n", ["ä.jpg"]),
        ("suspect,key\nTrue,a.jpg\nfalse,b.jpg\n", ["a.jpg"]),
        ("key,suspect\n", []),
    ],
)
def test_reads_lists_of_other_hands(tmp_path, content, keys):
    assert read_keys(written(tmp_path, content)) == keys


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected a first row with a column 'key'"),
        ("name,suspect\na.jpg,1\n", "has no column 'key', only name, suspect"),
        ("key;suspect\na.jpg;1\n", "has no column 'key', only key;suspect"),
        (b"key\n\xff\xfe\x00", "is no CSV text in UTF-8"),
        ('key\n"a.jpg\n', "is no CSV text in UTF-8"),
        ("key,suspect\na.jpg,maybe\n", "row 2: suspect is 'maybe', expected 1 or 0"),
        ("key,suspect\na.jpg,1\nb.jpg\n", "row 3 has 1 values"),
        ("key,suspect\n,1\n", "row 2 has no key"),
    ],
)
def test_a_list_that_cannot_be_used_is_one_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=r"suspects\.csv") as caught:
        read_keys(written(tmp_path, content))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file; give a CSV file"):
        read_keys(tmp_path)


def test_leaves_out_what_is_named_wherever_it_comes_from():
    data = Concatenated([Repeated(DrawnHands(3), 2), DrawnHands(2, seed=1)])
    kept = leave_out(data, {"a.csv": ["drawn 0/1", "drawn 0/1"], "b.csv": ["drawn 1/0", "drawn 0/1"]})
    assert [kept.record(i).key for i in range(len(kept))] == ["drawn 0/0", "drawn 0/2"] * 2 + ["drawn 1/1"]
    assert kept.left_out == {"a.csv": 2, "b.csv": 3}
    assert len(kept.groups()) == len(kept)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["drawn 0/0", "drawn 0/7"], "a.csv: no hand of the training data has the key 'drawn 0/7'; the first"),
        (["x", "y", "drawn 0/1"], "has the key 'x' and 1 more; the first one's is 'drawn 0/0'"),
        ([f"drawn 0/{i}" for i in range(3)], "a.csv: all 3 hands are listed"),
    ],
)
def test_what_cannot_be_left_out_is_named(keys, message):
    with pytest.raises(ValueError, match=message):
        leave_out(DrawnHands(3), {"a.csv": keys})


def test_scenes_are_refused():
    class Pictures:
        def __len__(self):
            return 1

    with pytest.raises(ValueError, match="a SceneMix holds whole pictures"):
        leave_out(SceneMix([Pictures()]), {"a.csv": []})
