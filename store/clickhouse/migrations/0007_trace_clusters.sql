-- Which cluster a trace belongs to: the newest assignment counts. What charts need of the trace rides along, so that
-- usage by cluster reads this narrow table alone.
CREATE TABLE IF NOT EXISTS trace_clusters
(
    project LowCardinality(String),
    trace_id UUID,
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    -- Keeps its value from run to run.
    cluster_id LowCardinality(String),
    -- Cosine to the cluster's centre.
    similarity Float32,
    -- Nearest cluster, but too far from it: noise.
    outlier Bool,
    run_id LowCardinality(String),
    assigned_at DateTime64(3, 'UTC'),
    alias LowCardinality(String),
    target LowCardinality(String),
    key_id LowCardinality(String),
    status LowCardinality(String),
    tokens_in UInt32,
    tokens_out UInt32,
    cost_usd Nullable(Float64),
    latency_ms Float64
)
ENGINE = ReplacingMergeTree(assigned_at)
PARTITION BY toYYYYMM(ts)
ORDER BY (project, ts, trace_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000;
