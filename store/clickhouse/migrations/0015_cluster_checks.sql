-- Borders of clusters that a model has looked at, and what came of it: one row a border and run.
CREATE TABLE IF NOT EXISTS cluster_checks
(
    project LowCardinality(String),
    run_id String,
    -- In the order in which they were looked at.
    place UInt16,
    recorded_at DateTime64(3, 'UTC'),
    kind LowCardinality(String),
    -- Empty: the model has said nothing usable.
    verdict LowCardinality(String),
    outcome LowCardinality(String),
    reason String,
    model LowCardinality(String),
    prompt_version UInt16,
    cost_usd Nullable(Float64),
    -- Empty: no call was answered.
    trace_id String,
    cosine Float32,
    -- The cluster that each of the two sides is in now, and its texts.
    sides Array(Tuple(cluster_id String, texts UInt32))
)
ENGINE = MergeTree
ORDER BY (project, run_id, place)
SETTINGS non_replicated_deduplication_window = 100000;
