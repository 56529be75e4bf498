"""What `cp`, `mv` and `sync` are made of: where things go, what is told of them, how to go on."""
