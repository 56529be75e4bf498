"""Between the event loop and foreign code in worker threads: it waits there, and is served here.

It knows no decoder and no network.
"""
