"""Headers of pictures: what a few thousand bytes say about millions of pixels. Pure.

One module for each format, each a generator that asks for the bytes it needs (`reading`); two
drivers, for ranges and for a file that arrives from front to back. None of it reads or waits.
"""

from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.prefix import HeaderReader
from storage_stream.media.headers.ranges import FIRST_BYTES, MAX_BYTES, HeaderRanges
from storage_stream.media.headers.reading import Need

__all__ = ["FIRST_BYTES", "MAX_BYTES", "HeaderRanges", "HeaderReader", "ImageInfo", "Need"]
