"""An obstore client of the emulator."""

import json

from obstore.store import GCSStore

from storage_stream.emulator import Emulator

BUCKET = "foreign-bucket"


def obstore_store(emulator: Emulator) -> GCSStore:
    account = {
        "gcs_base_url": emulator.url,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    return GCSStore(
        BUCKET,
        service_account_key=json.dumps(account),
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
