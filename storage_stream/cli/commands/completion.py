"""`storage-stream completion`: what a shell needs to complete commands and options."""

import click
from click.shell_completion import get_completion_class

from storage_stream.cli.command import local_command
from storage_stream.cli.running import Run


@local_command(
    "completion", examples=["storage-stream completion bash", "storage-stream completion zsh"]
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(run: Run, shell: str) -> None:
    """Print the completion script of a shell.

    For bash, add `eval "$(storage-stream completion bash)"` to ~/.bashrc; for zsh, the same with
    zsh to ~/.zshrc; for fish, write it to ~/.config/fish/completions/storage-stream.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three by itself
    root = click.get_current_context().find_root()
    made = kind(root.command, {}, "storage-stream", "_STORAGE_STREAM_COMPLETE")
    script = made.source_template % made.source_vars()
    run.output.result({"shell": shell, "script": script}, script)
