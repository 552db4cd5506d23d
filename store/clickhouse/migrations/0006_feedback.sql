-- What people say of a trace (`POST /v1/feedback`): facts, the newest of a trace and a field counts.
CREATE TABLE IF NOT EXISTS feedback
(
    project LowCardinality(String),
    trace_id UUID,
    -- The trace's own time: derived from its id.
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    id UUID,
    at DateTime64(3, 'UTC'),
    key_id LowCardinality(String),
    -- 'up', 'down', or empty where none was given.
    thumbs LowCardinality(String),
    score Nullable(Float64),
    comment String CODEC(ZSTD(3)),
    -- A gold answer: what the answer should have been.
    corrected_answer Nullable(String) CODEC(ZSTD(3)),
    user_id String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (project, ts, trace_id, at, id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;
