"""What a source reads, a module for each kind: objects, memory, files, a caller's functions."""
