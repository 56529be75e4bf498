"""pyvips' sources and targets, with objects as one more kind of place.

`source` and `target` are what is public of it; `inputs` and `outputs` are the kinds of places, and
`blocks` brings an object's bytes. `vips` is the one module that touches pyvips.
"""
