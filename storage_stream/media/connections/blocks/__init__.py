"""An object's bytes for a decoder: one generation, in blocks, some before they are wanted."""
