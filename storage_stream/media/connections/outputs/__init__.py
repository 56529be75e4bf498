"""What a target writes, a module for each kind: objects, memory, files, a caller's functions."""
