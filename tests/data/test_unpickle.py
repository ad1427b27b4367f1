import os
import pickle
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest

from likelihand.data.unpickle import UnsafePickle, read_arrays


class Runs:
    """Asks the reader to call a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def written(tmp_path, data):
    path = tmp_path / "a.pickle"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i8", "|u1", "|b1", "<f2"])
def test_arrays_of_every_protocol(tmp_path, protocol, dtype):
    array = (np.arange(24).reshape(2, 3, 4) % 2).astype(dtype)
    content = {0: {"K": array, "F": np.asfortranarray(array), "text": "é", "number": [1, (2.5, None)]}, 1: array}
    read = read_arrays(written(tmp_path, pickle.dumps(content, protocol)))
    for got in (read[0]["K"], read[0]["F"], read[1]):
        assert got.dtype == array.dtype
        assert (got == array).all()
    assert read[0]["text"] == "é"
    assert read[0]["number"] == [1, (2.5, None)]


@pytest.mark.parametrize("package", [b"numpy.core", b"numpy._core"])
def test_old_and_new_paths_of_numpy(tmp_path, package):
    data = pickle.dumps({0: {"a": np.arange(3.0), "s": np.float32(2.5)}}, 2)
    data = data.replace(b"numpy._core.", b"numpy.core.").replace(b"numpy.core.", package + b".")
    read = read_arrays(written(tmp_path, data))
    assert read[0]["a"].tolist() == [0, 1, 2]
    assert read[0]["s"] == 2.5


def test_a_pickle_of_python_2(tmp_path):
    data = (
        b"(dp0\nI7\n(dp1\nS'uv_vis'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntp5\n"
        b"S'b'\np6\ntp7\nRp8\n(I1\n(I2\ntp9\ncnumpy\ndtype\np10\n(S'f4'\np11\nI0\nI1\ntp12\nRp13\n(I3\nS'<'\np14\n"
        b"NNNI-1\nI-1\nI0\ntp15\nbI00\nS'\\x00\\x00\\x80?\\x00\\x00\\x00\\xc0'\np16\ntp17\nbss."
    )
    assert read_arrays(written(tmp_path, data))[7]["uv_vis"].tolist() == [1, -2]


HOSTILE = {
    "os.system": Runs(os.system, "touch HIT"),
    "builtins.eval": Runs(eval, "open('HIT', 'w').close()"),
    "builtins.exec": Runs(exec, "open('HIT', 'w').close()"),
    "builtins.getattr": Runs(getattr, np.ndarray, "tofile"),
    "subprocess.Popen": Runs(subprocess.Popen, ["touch", "HIT"]),
    "numpy.load": Runs(np.load, "HIT"),
    "numpy.save": Runs(np.save, "HIT", 1),
    "numpy.fromfile": Runs(np.fromfile, "HIT"),
    "collections.OrderedDict": OrderedDict(a=1),
    "array of objects": np.array([Runs(os.system, "touch HIT")], object),
    "record array": np.zeros(2, [("a", "f4")]),
    "function in a dict": {0: {"uv_vis": Runs(os.system, "touch HIT")}},
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_without_running(tmp_path, monkeypatch, name, protocol):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, pickle.dumps(HOSTILE[name], protocol))
    with pytest.raises(UnsafePickle, match="asks for") as error:
        read_arrays(path)
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["a.pickle"]


def test_a_name_inside_a_known_module_is_refused(tmp_path):
    for name in (b"numpy\nload", b"numpy.core.multiarray\nfromfile", b"_codecs\ndecode", b"numpy\nndarray.tofile"):
        with pytest.raises(UnsafePickle, match="asks for"):
            read_arrays(written(tmp_path, b"c" + name + b"\n(S'HIT'\ntR."))


def test_a_deeply_nested_pickle_harms_nobody(tmp_path):
    depth = 200_000
    path = written(tmp_path, b"]" * depth + b"a" * (depth - 1) + b".")
    code = "import sys; from likelihand.data.unpickle import read_arrays; print(type(read_arrays(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "list" in done.stdout


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d[:-20],
        lambda d: d[:4],
        lambda d: b"",
        lambda d: b"not a pickle",
        lambda d: d.replace(b"f8", b"O8"),
        lambda d: d.replace(b"f8", b"f9"),
        lambda d: d.replace(b"<", b"Z", 1),
        lambda d: d.replace(b"K\x03", b"K\x09"),
    ],
)
def test_damaged_pickles_are_refused(tmp_path, tamper):
    data = tamper(pickle.dumps({0: np.arange(3.0)}, 2))
    with pytest.raises(UnsafePickle, match=r"a\.pickle"):
        read_arrays(written(tmp_path, data))


def test_an_array_of_objects_in_numpys_own_form_is_refused(tmp_path):
    with pytest.raises(UnsafePickle, match="arrays of type"):
        read_arrays(written(tmp_path, np.array([None, 1], object).dumps()))
