"""Tables in a bucket by pandas: CSV and Parquet, written, listed and read through fsspec."""

import asyncio
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # it has no types of its own
from _place import place

from storage_stream.integrations.fsspec import StorageFileSystem, register


def tables(bucket: str) -> None:
    """What a program does that knows pandas alone."""
    register()  # gs:// is ours
    frame: Any = pd.DataFrame({"city": ["Köln", "Bonn"] * 500, "visitors": range(1000)})
    frame.to_csv(f"gs://{bucket}/visitors.csv", index=False)
    found: Any = pd.read_csv(f"gs://{bucket}/visitors.csv")
    print(f"CSV: {len(found)} rows, {found.visitors.sum():,} visitors")

    # pandas gives gs:// to Arrow's own client where it is about Parquet.
    for city, rows in frame.groupby("city"):
        rows.to_parquet(f"storage-stream://{bucket}/cities/{city}.parquet")
    bonn: Any = pd.read_parquet(
        f"storage-stream://{bucket}/cities/Bonn.parquet", columns=["visitors"]
    )
    print(f"Parquet: {len(bonn)} rows, {list(bonn.columns)}")

    fs = StorageFileSystem()
    print([path.removeprefix(bucket) for path in fs.find(f"{bucket}/cities")])
    with fs.open(f"{bucket}/visitors.csv") as file:
        first: Any = pd.read_csv(file, nrows=1)
    print(f"the first: {first.city[0]}")
    fs.close()


async def main() -> None:
    """Begin where the other examples do; pandas blocks, and so has a thread."""
    async with place() as (_, bucket):
        await asyncio.to_thread(tables, bucket)


if __name__ == "__main__":
    asyncio.run(main())
