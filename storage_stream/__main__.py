"""`python -m storage_stream`: the command, where scripts are not on the PATH, or of this Python."""

from storage_stream.cli import main

if __name__ == "__main__":  # who imports all modules of a package runs no command
    main()
