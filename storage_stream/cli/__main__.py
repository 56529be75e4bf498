"""`python -m storage_stream.cli`: the command, for a Python whose scripts are not on the PATH."""

from storage_stream.cli import main

main()
