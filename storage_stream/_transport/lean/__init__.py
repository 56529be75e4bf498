"""A lean HTTP/1.1 client, for many small exchanges: what each of them costs is the whole point.

It knows the requests and answers of `_protocol.http`, and one thing of each kind: no proxies, no
cookies, no redirects, no content codings. Whoever needs those is served by aiohttp.
"""
