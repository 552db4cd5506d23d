-- One row a call, as the spool has it (contracts/traces.ts, TraceRow).
-- Measured at 10 million rows: one wide table, small granules, bodies as strings; the JSON type costs 4.6 times the insert.
-- The spool's copy is deleted once the insert is acknowledged: an acknowledged part must outlive a power loss.
CREATE TABLE IF NOT EXISTS traces
(
    v UInt8,
    project LowCardinality(String),
    id UUID,
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    origin LowCardinality(String),
    key_id LowCardinality(String),
    alias LowCardinality(String),
    alias_version UInt32,
    target LowCardinality(String),
    provider LowCardinality(String),
    model_asked LowCardinality(String),
    model_answered LowCardinality(String),
    status LowCardinality(String),
    http_status UInt16,
    error_class LowCardinality(String),
    error_message String CODEC(ZSTD(3)),
    streamed Bool,
    request String CODEC(ZSTD(3)),
    response String CODEC(ZSTD(3)),
    prompt_text String CODEC(ZSTD(3)),
    answer_text String CODEC(ZSTD(3)),
    finish_reason LowCardinality(String),
    tokens_in UInt32,
    tokens_out UInt32,
    tokens_cached UInt32,
    tokens_reasoning UInt32,
    cost_usd Nullable(Float64),
    latency_ms Float64,
    first_token_ms Float64,
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    metadata Map(String, String) CODEC(ZSTD(1)),
    attempts Array(Tuple(
        target String,
        provider String,
        model String,
        status UInt16,
        error_class String,
        latency_ms Float64,
        tokens_in UInt32,
        tokens_out UInt32,
        cost_usd Nullable(Float64)
    )),
    segment_id String CODEC(ZSTD(1)),
    metadata_pairs Array(String) MATERIALIZED arrayMap((k, v) -> concat(k, '=', v), mapKeys(metadata), mapValues(metadata)) CODEC(ZSTD(1)),
    INDEX metadata_pairs_bloom metadata_pairs TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX session_bloom session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX user_bloom user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX segment_bloom segment_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX text_words lower(concat(prompt_text, ' ', answer_text)) TYPE text(tokenizer = 'splitByNonAlpha')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (project, ts, id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS attempts
(
    project LowCardinality(String),
    trace_id UUID,
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    origin LowCardinality(String),
    alias LowCardinality(String),
    number UInt16,
    target LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    status UInt16,
    error_class LowCardinality(String),
    latency_ms Float64,
    tokens_in UInt32,
    tokens_out UInt32,
    cost_usd Nullable(Float64)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (project, ts, trace_id, number)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Attempts ride in the trace's row, so that a segment is one insert.
CREATE MATERIALIZED VIEW IF NOT EXISTS attempts_of_traces TO attempts AS
SELECT
    project,
    id AS trace_id,
    ts,
    origin,
    alias,
    number,
    attempt.target AS target,
    attempt.provider AS provider,
    attempt.model AS model,
    attempt.status AS status,
    attempt.error_class AS error_class,
    attempt.latency_ms AS latency_ms,
    attempt.tokens_in AS tokens_in,
    attempt.tokens_out AS tokens_out,
    attempt.cost_usd AS cost_usd
FROM traces
ARRAY JOIN attempts AS attempt, arrayEnumerate(attempts) AS number;
