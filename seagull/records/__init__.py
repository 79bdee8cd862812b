"""Records: photos, regions, conversations and labels, one line each, in files of any kind."""

from seagull.records.labels import MOS, RegionLabels, RegionOrder
from seagull.records.record import (
    InstructionRecord,
    json_records,
    parsed_record,
    read_records,
    write_records,
)

__all__ = [
    "MOS",
    "InstructionRecord",
    "RegionLabels",
    "RegionOrder",
    "json_records",
    "parsed_record",
    "read_records",
    "write_records",
]
