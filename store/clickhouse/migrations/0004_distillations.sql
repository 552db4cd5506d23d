-- What was paid for must outlive a power loss, hence fsync.
-- A teacher's answers, journalled as they came. They belong to the prompt, the teacher and the sampling.
CREATE TABLE IF NOT EXISTS candidates
(
    project LowCardinality(String),
    prompt_hash String,
    teacher LowCardinality(String),
    sampling String,
    sample UInt32,
    answer String CODEC(ZSTD(3)),
    finish_reason LowCardinality(String),
    trace_id String,
    tokens_in UInt32,
    tokens_out UInt32,
    cost_usd Nullable(Float64),
    latency_ms Float64,
    distillation LowCardinality(String),
    run_id LowCardinality(String),
    created_at DateTime64(3, 'UTC'),
    INDEX run_bloom run_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (project, teacher, sampling, prompt_hash, sample)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

-- States of a distillation: the newest `updated_at` counts.
CREATE TABLE IF NOT EXISTS distillations
(
    project LowCardinality(String),
    name String,
    run_id String,
    status LowCardinality(String),
    updated_at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    value String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, name, updated_at)
SETTINGS non_replicated_deduplication_window = 100000;

CREATE TABLE IF NOT EXISTS distillation_events
(
    project LowCardinality(String),
    name String,
    run_id String,
    sequence UInt32,
    at DateTime64(3, 'UTC'),
    stage LowCardinality(String),
    kind LowCardinality(String),
    message String,
    data String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, name, run_id, sequence)
SETTINGS non_replicated_deduplication_window = 100000;
