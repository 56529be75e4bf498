"""nginx as the service's download side: JSON and XML addresses, ranges, checksums; plain and TLS.

Over TLS it also hands uploads to the sink, which knows no TLS.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.servers.nginx_program import find_nginx
from benchmarks.servers.object_names import BUCKET, PATTERN
from benchmarks.servers.processes import free_port, server_process

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.servers.bodies import Body
    from benchmarks.servers.certificates import Certificates

__all__ = ["Nginx", "configuration", "running_nginx"]

_START_SECONDS = 10.0
_BEGIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 2048; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  access_log off; default_type application/octet-stream; etag off;
  sendfile on; sendfile_max_chunk 2m; tcp_nopush on; tcp_nodelay on; output_buffers 2 512k;
  keepalive_requests 100000000; keepalive_timeout 600s;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s;
  client_max_body_size 0;
  ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
  map $size $crc32c {{
{checksums}
  }}
  upstream sink {{ server 127.0.0.1:{sink_port}; keepalive 128; }}
"""
_SERVER = """\
  server {{
    listen 127.0.0.1:{port}{tls} backlog=1024;
    location ~ ^/storage/v1/b/{bucket}/o/{pattern}$ {{
      if ($arg_alt != media) {{
        return 200 '{resource}';
      }}
      {media}
    }}
    location ~ ^/download/storage/v1/b/{bucket}/o/{pattern}$ {{ {media} }}
    location ~ ^/{bucket}/{pattern}$ {{ {media} }}
    location / {{ {uploads} }}
  }}
"""
_MEDIA = """\
alias {folder}/$size;
      add_header x-goog-hash crc32c=$crc32c; add_header ETag '"CAE="';
      add_header x-goog-generation 1; add_header x-goog-metageneration 1;
      add_header x-goog-stored-content-encoding identity;
      add_header x-goog-stored-content-length $size; add_header x-goog-storage-class STANDARD;"""
_RESOURCE = (
    '{{"kind": "storage#object", "id": "{bucket}/$name/1", "name": "$name", "bucket": "{bucket}",'
    ' "generation": "1", "metageneration": "1", "contentType": "application/octet-stream",'
    ' "storageClass": "STANDARD", "size": "$size", "crc32c": "$crc32c", "etag": "CAE=",'
    ' "timeCreated": "2026-01-01T00:00:00.000Z", "updated": "2026-01-01T00:00:00.000Z"}}'
)
_UPLOADS = """\
proxy_pass http://sink; proxy_http_version 1.1; proxy_set_header Connection '';
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
      proxy_request_buffering off; proxy_buffering off;"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """Where it listens."""

    plain_port: int
    tls_port: int


def configuration(
    folder: Path, ports: Nginx, sink_port: int, bodies: Sequence[Body], tls: Certificates
) -> str:
    """What nginx is told."""
    media = _MEDIA.format(folder=folder)
    text = _BEGIN.format(
        folder=folder,
        certificate=tls.certificate,
        key=tls.key,
        sink_port=sink_port,
        checksums="\n".join(f"    {body.size_bytes} {body.crc32c};" for body in bodies),
    )
    for port, option in ((ports.plain_port, ""), (ports.tls_port, " ssl")):
        text += _SERVER.format(
            port=port,
            tls=option,
            bucket=BUCKET,
            pattern=PATTERN,
            resource=_RESOURCE.format(bucket=BUCKET),
            media=media,
            uploads=_UPLOADS,
        )
    return text + "}\n"


@contextlib.contextmanager
def running_nginx(
    folder: Path, sink_port: int, bodies: Sequence[Body], tls: Certificates
) -> Iterator[Nginx]:
    """Serve the bodies, which stand in the folder, until the block is left.

    Raises:
        NginxMissing: There is no nginx, and none could be had.
        RuntimeError: It does not begin to listen.
    """
    program = find_nginx()
    ports = Nginx(free_port(), free_port())
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, ports, sink_port, bodies, tls))
    command = [str(program), "-p", str(folder), "-e", "stderr", "-c", str(file)]
    with server_process(command) as process:
        _wait_until_it_listens(process, ports)
        yield ports


def _wait_until_it_listens(process: subprocess.Popen[str], ports: Nginx) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", ports.tls_port), timeout=1).close()
            return
        time.sleep(0.01)
    raise RuntimeError("nginx does not begin to listen; its own words stand above.")
