"""Where bytes that are served come from: memory, a file, an object in a bucket."""
