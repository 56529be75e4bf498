"""`python -m storage_stream.cli.demo`, which is what `scripts/demo` runs."""

from storage_stream.cli.demo.command import command

command(prog_name="demo")
