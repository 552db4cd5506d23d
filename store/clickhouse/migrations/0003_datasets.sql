-- States of a dataset version: the newest `updated_at` counts.
CREATE TABLE IF NOT EXISTS datasets
(
    project LowCardinality(String),
    name String,
    version UInt32,
    status LowCardinality(String),
    updated_at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    value String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, name, version, updated_at)
SETTINGS non_replicated_deduplication_window = 100000;

-- Rows of a dataset version: immutable; the key is how shards read them.
CREATE TABLE IF NOT EXISTS dataset_rows
(
    project LowCardinality(String),
    dataset String,
    version UInt32,
    split LowCardinality(String),
    position UInt32,
    row_id String,
    prompt_hash String,
    group_hash String,
    messages String CODEC(ZSTD(3)),
    tools String CODEC(ZSTD(3)),
    response_format String CODEC(ZSTD(3)),
    parameters String CODEC(ZSTD(3)),
    reference String CODEC(ZSTD(3)),
    reference_target LowCardinality(String),
    prompt_tokens UInt32,
    trace_id String
)
ENGINE = MergeTree
ORDER BY (project, dataset, version, split, position, row_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000;

-- Gold answers lie apart from the rows: no query for training touches them.
CREATE TABLE IF NOT EXISTS dataset_gold
(
    project LowCardinality(String),
    dataset String,
    version UInt32,
    row_id String,
    gold String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, dataset, version, row_id)
SETTINGS non_replicated_deduplication_window = 100000;
