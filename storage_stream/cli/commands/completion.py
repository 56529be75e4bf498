"""`storage-stream completion`: what a shell needs to complete commands and options."""

import click
from click.shell_completion import get_completion_class

from storage_stream.cli.command import ExampleCommand


@click.command(
    name="completion",
    cls=ExampleCommand,
    examples=["storage-stream completion bash", "storage-stream completion zsh"],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    For bash, add `eval "$(storage-stream completion bash)"` to ~/.bashrc; for zsh, the same with
    zsh to ~/.zshrc; for fish, write it to ~/.config/fish/completions/storage-stream.fish.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"click does not know {shell}.")
    root = context.find_root()
    script = kind(root.command, {}, "storage-stream", "_STORAGE_STREAM_COMPLETE")
    click.echo(script.source_template % script.source_vars())
