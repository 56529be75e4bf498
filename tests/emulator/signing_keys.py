"""Keys that sign, and what a refusal says."""

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.oauth2 import service_account
from wire_client import Answer

EMAIL = "signer@project.iam.gserviceaccount.com"


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
