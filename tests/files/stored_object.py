"""The object that files are read from: larger than what one read takes in."""

from sample_data import patterned

SIZE = 3_000_000
DATA = patterned(SIZE)
