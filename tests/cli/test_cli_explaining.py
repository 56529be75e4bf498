import pytest

from storage_stream import errors
from storage_stream.cli.explaining import explain, failures_in


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            errors.NotFound("no such bucket", status=404, subject="gs://none"),
            "`storage-stream mb gs://none` makes it.",
        ),
        (
            errors.NotFound("The specified bucket is not", status=404, subject="gs://none/a"),
            "`storage-stream mb gs://none` makes it.",
        ),
        (
            errors.NotFound("No such object: bucket/a", status=404, subject="gs://bucket/a"),
            "`storage-stream ls gs://bucket/` shows what is there; if it is a folder,",
        ),
        (errors.CredentialsError("none"), "`storage-stream doctor`"),
        (errors.UntrustedCertificate("self-signed"), "SSL_CERT_FILE"),
        (errors.ConnectFailed("refused"), "Check the network and the address"),
        (errors.Conflict("not empty", status=409, method="DELETE"), "has to be empty"),
        (errors.Conflict("taken", status=409, method="POST"), "exists already"),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (OSError("odd"), "odd"),
        (KeyError("k"), "KeyError: 'k'"),
    ],
)
def test_a_sentence_with_what_to_do(error: Exception, advice: str) -> None:
    assert advice in explain(error)


def test_single_errors_of_groups() -> None:
    one, two = ValueError("1"), OSError("2")
    group = ExceptionGroup("all", [one, ExceptionGroup("some", [two])])
    assert list(failures_in(group)) == [one, two]
    assert list(failures_in(one)) == [one]
