"""The commands, a file for each; loaded when they are called."""
