"""Pictures decoded as their bytes arrive: what stands behind `StreamParser`.

Pillow's `ImageFile.Parser` keeps the whole file for most formats and tries it again with every
piece. Its decoders in C need neither: here they are fed directly, one module for each family of
formats. What the modules share is in `decoder`; every name of Pillow's that is not promised to
stay is in `pillow_bridge`. Nothing here knows where the bytes come from, but `objects`.
"""
