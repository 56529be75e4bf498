"""The options of every command, in front of the command's name, too: `storage-stream --json ls`."""

import click

__all__ = ["ForwardingGroup"]

_SWITCHES = frozenset(
    {"--json", "-q", "--quiet", "-v", "--verbose", "--no-color", "--debug", "--anonymous"}
)
_WITH_VALUES = frozenset(
    {
        *("--config", "--endpoint", "--emulator-host", "--project", "--user-project"),
        *("--credentials", "--proxy", "--retries"),
    }
)


class ForwardingGroup(click.Group):
    """A group that takes such options for the command behind them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put what stands in front of the command's name behind it."""
        at = 0
        while at < len(args):
            if args[at] in _WITH_VALUES:
                at += 2
            elif args[at] in _SWITCHES or args[at].partition("=")[0] in _WITH_VALUES:
                at += 1
            else:
                break
        if 0 < at < len(args) and not args[at].startswith("-"):
            args = [args[at], *args[:at], *args[at + 1 :]]
        return super().parse_args(ctx, args)
