"""How a request for bytes is to be answered, decided without a web library and without I/O."""
