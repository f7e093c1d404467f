"""Makes ``ldct.csv`` from the index of the Imaging Data Commons, which is a package of 80 MB.

Only needed when the archive has a new version of the collection::

    pip install idc-index-data && python -m ctdenoise.scans.ldct_table
"""

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet

from ctdenoise.scans.ldct import TABLE

COLLECTION_ID = "ldct_and_projection_data"
COLUMNS = ["PatientID", "BodyPartExamined", "SeriesDescription", "SeriesInstanceUID",
           "instanceCount", "series_size_MB", "series_aws_url", "license_short_name"]  # fmt: skip
DOSES = {"Full Dose Images": "full", "Low Dose Images": "low"}
FRACTIONS = {"CHEST": 0.1, "ABDOMEN": 0.25}
"""Of the routine dose. The index does not say it; the collection's description does (Moen TR, et
al. Low-dose CT image and projection dataset. Med Phys 2021;48:902-911)."""


def rows(index: Path) -> list[dict[str, Any]]:
    """One row for each image series of a patient who has both doses, by patient, low before full.

    Raises KeyError or ValueError where the index is not what this table was designed for.
    """
    here = [("collection_id", "=", COLLECTION_ID)]
    found = pyarrow.parquet.read_table(index, columns=COLUMNS, filters=here).to_pylist()
    by_patient: dict[str, dict[str, dict[str, Any]]] = {}
    for series in found:
        dose = DOSES.get(series["SeriesDescription"])
        if dose:
            doses = by_patient.setdefault(series["PatientID"], {})
            if dose in doses:
                raise ValueError(f"{series['PatientID']} has two {dose}-dose series")
            doses[dose] = series
    return [
        {
            "patient": patient,
            "region": (region := doses[dose]["BodyPartExamined"]).lower(),
            "dose": dose,
            "fraction": FRACTIONS[region] if dose == "low" else 1.0,
            "series": doses[dose]["SeriesInstanceUID"],
            "description": doses[dose]["SeriesDescription"],
            "instances": doses[dose]["instanceCount"],
            "size_mb": doses[dose]["series_size_MB"],
            "url": doses[dose]["series_aws_url"].removesuffix("*"),
            "licence": doses[dose]["license_short_name"],
        }
        for patient, doses in sorted(by_patient.items())
        if len(doses) == 2
        for dose in ("low", "full")
    ]


def main() -> None:
    """Write the table anew from the index of the Imaging Data Commons."""
    from idc_index_data import IDC_INDEX_PARQUET_FILEPATH

    made = rows(IDC_INDEX_PARQUET_FILEPATH)
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(made[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
    print(f"{len(made)} series in {TABLE}")


if __name__ == "__main__":
    main()
