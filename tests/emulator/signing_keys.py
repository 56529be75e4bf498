"""Keys that sign, the published vectors, and what a refusal says."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.oauth2 import service_account
from wire_client import Answer

VECTORS = Path("/work/shared/conformance")
EMAIL = "signer@project.iam.gserviceaccount.com"


def vectors(kind: str) -> list[Any]:
    file = VECTORS / "v4_signatures.json"
    if not file.exists():
        return []
    content: dict[str, list[Any]] = json.loads(file.read_text())
    return content[kind]


def account() -> Any:
    return json.loads((VECTORS / "test_service_account.not-a-test.json").read_text())


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def credentials(key: rsa.RSAPrivateKey) -> Any:
    info = {
        "client_email": EMAIL,
        "private_key": private_pem(key),
        "token_uri": "http://127.0.0.1/token",
    }
    return service_account.Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call] # it has no types


def code(answer: Answer) -> str:
    return answer.body.decode().partition("<Code>")[2].partition("</Code>")[0]
