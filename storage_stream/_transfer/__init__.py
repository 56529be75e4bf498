"""What takes several requests, or a file: downloads that resume, uploads that are checked."""
