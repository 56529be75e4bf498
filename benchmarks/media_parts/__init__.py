"""The parts of `benchmarks.media`: samples, the measuring process, and the work by subject."""
