"""The clients: one module each, with one coroutine for each kind of work that it can do.

Each module has `opened(job)`, an async context manager that gives what its coroutines take, so
that what a program does once (a session, a TLS context) is not measured; blocking clients work in
the coroutine itself, since nobody else needs the loop.
"""
