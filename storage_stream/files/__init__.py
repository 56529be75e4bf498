"""Objects as files: what `Storage.open` gives, with the methods of Python's own files, async.

A floor between the streams and the client: a file stands on downloads and uploads, and knows
nothing of requests, retries and credentials.
"""

from storage_stream.files.reader import ObjectReader
from storage_stream.files.request import FileRequest
from storage_stream.files.text_reader import TextReader
from storage_stream.files.text_writer import TextWriter
from storage_stream.files.writer import ObjectWriter

__all__ = ["FileRequest", "ObjectReader", "ObjectWriter", "TextReader", "TextWriter"]
