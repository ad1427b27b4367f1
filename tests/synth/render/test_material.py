"""The columns of a material."""

from likelihand.synth.render import material


def test_every_column_has_one_name() -> None:
    names = [name for name, value in vars(material).items() if name.isupper() and type(value) is int]
    columns = sorted(getattr(material, name) for name in names if name != "COLUMNS")
    assert columns == list(range(material.COLUMNS))
