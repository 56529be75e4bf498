"""Help for tests of code that uses Google Cloud Storage.

The pytest fixtures are in `storage_stream.testing.plugin`, which pytest loads by itself; an
emulator for other test runners is `storage_stream.testing.emulator_thread.EmulatorThread`. Nothing
is imported here, because pytest imports this package in every run.
"""
