-- What the registry workflow owns: append-only. Gateways follow the sequence, so it comes first in the key.
CREATE TABLE IF NOT EXISTS state_versions
(
    project LowCardinality(String),
    kind LowCardinality(String),
    key String,
    version UInt32,
    sequence UInt64,
    request_id String,
    value String CODEC(ZSTD(3)),
    reason String,
    actor String,
    created_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (project, sequence, kind, key)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;
