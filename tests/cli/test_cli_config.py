from pathlib import Path
from typing import Any

import pytest

from storage_stream.cli.config import ConfigError, Configuration, Rank, config_path


def read(
    tmp_path: Path, toml: str | None = None, environment: dict[str, str] | None = None, **flags: Any
) -> Configuration:
    if toml is not None:
        file = tmp_path / ".config/storage-stream/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(toml)
    return Configuration.read(flags, environment or {}, home=tmp_path)


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(tmp_path: Path) -> None:
    toml, environment = "connections = 2", {"STORAGE_STREAM_CONNECTIONS": "3"}
    file = str(tmp_path / ".config/storage-stream/config.toml")
    values = [
        read(tmp_path).values["connections"],
        read(tmp_path, toml).values["connections"],
        read(tmp_path, toml, environment).values["connections"],
        read(tmp_path, toml, environment, connections=4).values["connections"],
    ]
    assert [(value.value, value.rank, value.origin) for value in values] == [
        (100, Rank.DEFAULT, "default"),
        (2, Rank.FILE, file),
        (3, Rank.ENVIRONMENT, "STORAGE_STREAM_CONNECTIONS"),
        (4, Rank.FLAG, "--connections"),
    ]


def test_our_variable_wins_over_everybodys_and_an_empty_one_is_none(tmp_path: Path) -> None:
    both = {"STORAGE_STREAM_PROJECT": "ours", "GOOGLE_CLOUD_PROJECT": "theirs"}
    assert read(tmp_path, environment=both)["project"] == "ours"
    both["STORAGE_STREAM_PROJECT"] = ""
    assert read(tmp_path, environment=both).values["project"].origin == "GOOGLE_CLOUD_PROJECT"


def test_the_file_is_where_the_desktop_keeps_such(tmp_path: Path) -> None:
    usual = tmp_path / ".config/storage-stream/config.toml"
    assert config_path({}, tmp_path) == usual
    assert config_path({"XDG_CONFIG_HOME": "relative"}, tmp_path) == usual
    assert config_path({"XDG_CONFIG_HOME": "/x"}, tmp_path) == Path("/x/storage-stream/config.toml")


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("conections = 1", "no setting 'conections'; is 'connections' meant"),
        ("connections = 0", "connections .* has to be at least 1"),
        ("workers = 100000", "workers .* has to be at most 256"),
        ("slice_size = 1", "slice_size .* has to be at least 256KiB"),
        ("connections = true", "connections .* has to be a whole number"),
        ("connections = 1.5", "connections .* has to be a whole number"),
        ("anonymous = 'perhaps'", "anonymous .* has to be true or false"),
        ("slice_size = '3 apples'", "slice_size .* is no size"),
        ("project = 7", "project .* has to be a text"),
        ("connections =", "is no TOML"),
    ],
)
def test_what_the_file_may_not_say(tmp_path: Path, toml: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read(tmp_path, toml)


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    named = tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match="no configuration file"):
        Configuration.read({}, {}, home=tmp_path, file=str(named))
    with pytest.raises(ConfigError, match="cannot be read"):
        Configuration.read({}, {"STORAGE_STREAM_CONFIG": str(tmp_path)}, home=tmp_path)
    named.write_text("slice_size = '2MiB'\nanonymous = true")
    config = Configuration.read({}, {}, home=tmp_path, file=str(named))
    assert (config["slice_size"], config["anonymous"]) == (2 << 20, True)


def test_an_emulator_gets_no_credentials_unless_one_says_so_right_now(tmp_path: Path) -> None:
    environment = {"STORAGE_EMULATOR_HOST": "localhost:1", "STORAGE_STREAM_CREDENTIALS": "key.json"}
    arguments = read(tmp_path, environment=environment).storage_arguments()
    assert (arguments["api_root"], arguments["api_is_dev"]) == ("localhost:1", True)
    assert "service_file" not in arguments
    said = read(tmp_path, environment=environment, credentials="my.json").storage_arguments()
    assert said["service_file"] == "my.json"


def test_of_two_addresses_the_nearer_one_wins(tmp_path: Path) -> None:
    emulator = {"STORAGE_EMULATOR_HOST": "localhost:1"}
    toml = "endpoint = 'https://private'"
    assert read(tmp_path, toml, emulator).address.value == "localhost:1"
    assert read(tmp_path, toml).storage_arguments()["api_is_dev"] is False
    config = read(tmp_path, None, emulator, endpoint="https://mine")
    assert config.storage_arguments()["api_root"] == "https://mine"
    assert config.address.origin == "--endpoint"


def test_googles_own_variable_is_left_to_the_client(tmp_path: Path) -> None:
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": "adc.json"}
    config = read(tmp_path, environment=environment)
    assert config["credentials"] == "adc.json"
    assert "service_file" not in config.storage_arguments()


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    value = read(tmp_path, proxy="http://me:secret@proxy:3128").values["proxy"]
    assert value.shown == "http://***@proxy:3128"
    assert read(tmp_path).values["proxy"].shown is None
