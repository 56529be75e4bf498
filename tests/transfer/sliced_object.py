"""The object that is downloaded in slices: a dozen of them, and a bit of another."""

from sample_data import patterned

SLICE = 256 * 1024
SIZE = 12 * SLICE + 777
DATA = patterned(SIZE)
