"""What pyvips' users look for is there, by its own names."""

import importlib
import inspect

import pytest
import pyvips

from storage_stream import media
from storage_stream.media import Connection, Source, SourceCustom, Target, TargetCustom

OURS = {
    pyvips.Source: Source,
    pyvips.SourceCustom: SourceCustom,
    pyvips.Target: Target,
    pyvips.TargetCustom: TargetCustom,
    pyvips.Connection: Connection,
}


@pytest.mark.parametrize("theirs", OURS, ids=lambda kind: kind.__name__)
def test_every_method_of_pyvips_is_there_with_its_arguments(theirs: type) -> None:
    ours = OURS[theirs]
    for name, member in vars(theirs).items():
        if name.startswith("_"):
            continue
        method = getattr(ours, name)
        wanted = list(inspect.signature(getattr(theirs, name)).parameters)
        given = list(inspect.signature(method).parameters)
        assert len(given) == len(wanted), name
        assert callable(method), member


def test_every_public_name_is_there_and_is_no_module() -> None:
    for name in media.__all__:
        found = getattr(media, name)
        assert not inspect.ismodule(found), name
        assert inspect.getdoc(found), name
    assert dir(media) == sorted(media.__all__)


def test_a_name_stays_what_it_is_when_all_modules_were_loaded() -> None:
    for name in media.__all__:
        importlib.import_module(getattr(media, name).__module__)
    assert callable(media.transform)
    with pytest.raises(AttributeError, match="nothing"):
        _ = media.nothing
