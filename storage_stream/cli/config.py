"""The settings of a command, each with where it came from.

A flag wins over the environment, that over the file, that over the default. It knows names, types
and places, and nothing of what a setting is good for but how the client takes them.
"""

import difflib
import enum
import operator
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from storage_stream.cli.sizes import parse_size

__all__ = ["SETTINGS", "ConfigError", "Configuration", "Rank", "Setting", "Value", "config_path"]

_LEAST_SLICE = 256 * 1024  # less would be more requests than bytes are worth
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class ConfigError(ValueError):
    """A setting that cannot be meant, or a file that cannot be read."""


class Rank(enum.IntEnum):
    """Where a value came from; the greater wins."""

    DEFAULT = 0
    FILE = 1
    ENVIRONMENT = 2
    FLAG = 3


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError("has to be a text")


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("has to be true or false")
    return word in _TRUE


def _no_switch(value: Any) -> Any:
    # In Python true is 1; whoever writes `connections = true` means something else.
    return None if isinstance(value, bool) else value


def _whole(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        try:
            number = int(value) if isinstance(value, str) else operator.index(_no_switch(value))
        except (TypeError, ValueError):
            raise ValueError("has to be a whole number") from None
        if number < least:
            raise ValueError(f"has to be at least {least}")
        if number > most:
            raise ValueError(f"has to be at most {most}")
        return number

    return parse


def _size(value: object) -> int:
    size = value if isinstance(value, int) and not isinstance(value, bool) else None
    if size is None:
        size = parse_size(_text(value))
    if size < _LEAST_SLICE:
        raise ValueError("has to be at least 256KiB")
    return size


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that can be set.

    Attributes:
        name: As it stands in the file; `--user-project` is `user_project`.
        parse: Makes a value of what the environment or the file says, or raises `ValueError`.
        default: Its value where nothing is said.
        help: What it is, in a sentence.
        others: Variables of the environment that everybody has for it, besides ours.
    """

    name: str
    parse: Callable[[object], Any]
    default: Any
    help: str
    others: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """How it is spelled on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment's names for it, ours first."""
        return (f"STORAGE_STREAM_{self.name.upper()}", *self.others)


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("endpoint", _text, None, "The service's address, if it is not Google's."),
        Setting(
            *("emulator_host", _text, None, "An emulator's address; it gets no credentials."),
            ("STORAGE_EMULATOR_HOST",),
        ),
        Setting(
            *("project", _text, None, "The project, for lists of buckets and new ones."),
            ("GOOGLE_CLOUD_PROJECT",),
        ),
        Setting("user_project", _text, None, "The project that pays, for requester-pays buckets."),
        Setting(
            *("credentials", _text, None, "A service account's key file."),
            ("GOOGLE_APPLICATION_CREDENTIALS",),
        ),
        Setting(
            "anonymous", _switch, default=False, help="Send no credentials: for public objects."
        ),
        Setting("proxy", _text, None, "A proxy's URL."),
        Setting("retries", _whole(0, 1000), 5, "Repeats of a request that failed; 0 for none."),
        Setting("connections", _whole(1, 10_000), 100, "Requests under way at once."),
        Setting("concurrency", _whole(1, 10_000), 64, "Objects transferred at once, at most."),
        Setting("processes", _whole(0, 256), 0, "Other processes that do the transfers."),
        Setting("workers", _whole(1, 256), 8, "Connections for one large object."),
        Setting("slice_size", _size, 8 << 20, "Bytes of a large object in one request."),
    )
}
"""All there are, by name."""


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value.

    Attributes:
        value: Of the setting's type.
        rank: What kind of place it came from.
        origin: The place: a flag, a variable, a file, or `default`.
    """

    value: Any
    rank: Rank = Rank.DEFAULT
    origin: str = "default"

    @property
    def shown(self) -> Any:
        """The value without a secret: a proxy's URL may hold a password."""
        if not isinstance(self.value, str) or "@" not in self.value or "://" not in self.value:
            return self.value
        parts = urlsplit(self.value)
        return urlunsplit(parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}"))


def config_path(environment: Mapping[str, str], home: Path) -> Path:
    """Where the file is when nobody says.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = environment.get("XDG_CONFIG_HOME", "")
    # A relative path there is invalid, and is to be ignored.
    folder = Path(base) if Path(base).is_absolute() else home / ".config"
    return folder / "storage-stream" / "config.toml"


@dataclass(frozen=True)
class Configuration:
    """All settings, and how the client takes them.

    Attributes:
        values: By name.
        file: The file that was read, or would have been.
        file_exists: Whether there is one.
    """

    values: Mapping[str, Value]
    file: Path
    file_exists: bool = field(default=False)

    @classmethod
    def of_defaults(cls) -> "Configuration":
        """What holds where nobody says anything and no file is read."""
        return cls({name: Value(setting.default) for name, setting in SETTINGS.items()}, Path())

    @classmethod
    def read(
        cls,
        flags: Mapping[str, Any],
        environment: Mapping[str, str],
        *,
        home: Path,
        file: str | None = None,
    ) -> "Configuration":
        """Look everywhere.

        Args:
            flags: What the command line said, by the settings' names; None where it said nothing.
            environment: The variables.
            home: The home folder.
            file: The file to read, if not `STORAGE_STREAM_CONFIG` or the usual one; it must exist.

        Raises:
            ConfigError: A value cannot be meant, or the file cannot be read.
        """
        said = file or environment.get("STORAGE_STREAM_CONFIG")
        path = Path(said).expanduser() if said else config_path(environment, home)
        written = _read_file(path, must_exist=bool(said))
        values = {
            name: _value(setting, flags, environment, written or {}, path)
            for name, setting in SETTINGS.items()
        }
        return cls(values, path, written is not None)

    def __getitem__(self, name: str) -> Any:
        """A setting's value."""
        return self.values[name].value

    @property
    def uses_emulator(self) -> bool:
        """Whether requests go to an emulator: an address of equal rank wins over it."""
        emulator, endpoint = self.values["emulator_host"], self.values["endpoint"]
        return emulator.value is not None and emulator.rank > endpoint.rank

    @property
    def address(self) -> Value:
        """The service's address, and who said it; None is Google's."""
        return self.values["emulator_host" if self.uses_emulator else "endpoint"]

    def storage_arguments(self) -> dict[str, Any]:
        """The keywords of `Storage`."""
        arguments: dict[str, Any] = {
            "anonymous": self["anonymous"],
            "connections": self["connections"],
            "proxy": self["proxy"],
        }
        if self.address.value is not None:
            arguments["api_root"] = self.address.value
            arguments["api_is_dev"] = self.uses_emulator
        if self._takes_key_file():
            arguments["service_file"] = str(Path(self["credentials"]).expanduser())
        return arguments

    def request_options(self) -> dict[str, Any]:
        """The keywords that every request is given."""
        return {"user_project": self["user_project"]} if self["user_project"] else {}

    def _takes_key_file(self) -> bool:
        key = self.values["credentials"]
        if key.value is None or self["anonymous"]:
            return False
        if self.uses_emulator and key.rank is not Rank.FLAG:
            return False  # real credentials go to an emulator only if one says so right now
        # Google's own variable may name more kinds of files: the client reads it by itself.
        return key.origin != "GOOGLE_APPLICATION_CREDENTIALS"


def _read_file(path: Path, *, must_exist: bool) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            raise ConfigError(f"there is no configuration file {path}") from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the configuration file {path} cannot be read: {error}") from None
    try:
        written = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from None
    for name in written:
        if name not in SETTINGS:
            raise ConfigError(f"{path}: there is no setting {name!r}{_nearest(name)}")
    return written


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, SETTINGS, 1)
    return f"; is {near[0]!r} meant?" if near else f"; there are {', '.join(SETTINGS)}"


def _value(
    setting: Setting,
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    written: Mapping[str, Any],
    path: Path,
) -> Value:
    if flags.get(setting.name) is not None:
        return _parsed(setting, flags[setting.name], Rank.FLAG, setting.flag)
    for variable in setting.variables:
        if environment.get(variable):
            return _parsed(setting, environment[variable], Rank.ENVIRONMENT, variable)
    if setting.name in written:
        return _parsed(setting, written[setting.name], Rank.FILE, str(path))
    return Value(setting.default)


def _parsed(setting: Setting, value: object, rank: Rank, origin: str) -> Value:
    try:
        return Value(setting.parse(value), rank, origin)
    except ValueError as error:
        raise ConfigError(f"{setting.name} ({origin}) {error}") from None
