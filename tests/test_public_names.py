import importlib

import pytest


@pytest.mark.parametrize("package", ["storage_stream", "storage_stream.testing"])
def test_every_public_name_is_there_when_it_is_asked_for(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert set(module.__all__) - {"__version__"} == set(dir(module))


def test_a_name_that_is_not_there_is_said_to_be_missing() -> None:
    module = importlib.import_module("storage_stream")
    with pytest.raises(AttributeError, match="'storage_stream' has no attribute 'Nonsense'"):
        _ = module.Nonsense
