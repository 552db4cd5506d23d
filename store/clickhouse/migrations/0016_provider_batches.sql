-- Batches at providers until what they used is recorded: which are under way, what they may cost, and when they are looked at next.
-- The row of the highest version of a call counts.
CREATE TABLE IF NOT EXISTS provider_batches
(
    project LowCardinality(String),
    -- Trace of the call that made it, and its time: what the batch costs counts on that day.
    call_id UUID,
    created_at DateTime64(3, 'UTC'),
    -- 'asked': the provider may have it; 'none': it has not; 'open': it is under way; 'settled': what it used is recorded.
    state LowCardinality(String),
    -- The state's rank and the time of the row: a state that was written late takes no place from a later one.
    version UInt64,
    provider LowCardinality(String),
    -- The provider's own; empty while that is not known.
    id String,
    input_file_id String,
    endpoint LowCardinality(String),
    -- As its lines name them.
    models Array(LowCardinality(String)),
    -- Null: nobody knows a price.
    worst_usd Nullable(Float64),
    origin LowCardinality(String),
    key_id LowCardinality(String),
    -- Nobody looks at it before.
    next_at DateTime64(3, 'UTC'),
    -- After that nobody waits for it.
    until DateTime64(3, 'UTC'),
    -- Who looks at it, or did last.
    holder String
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(created_at)
ORDER BY (project, call_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;
