"""Files: rows whose bytes are objects in a bucket.

`file_service` is what is public of it; `claims` knows who writes or removes which object, and
`writing` is around the work. Nothing here knows a converter.
"""
