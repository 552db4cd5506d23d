-- What version 2 of the spool's record adds to a trace. Rows of version 1 have the defaults.
ALTER TABLE traces
    ADD COLUMN IF NOT EXISTS tokens_cache_write UInt32 AFTER tokens_cached,
    -- Parts of cost_usd; null where only the whole is known.
    ADD COLUMN IF NOT EXISTS cost_input_usd Nullable(Float64) AFTER cost_usd,
    ADD COLUMN IF NOT EXISTS cost_output_usd Nullable(Float64) AFTER cost_input_usd,
    ADD COLUMN IF NOT EXISTS cost_cached_usd Nullable(Float64) AFTER cost_output_usd,
    ADD COLUMN IF NOT EXISTS cost_cache_write_usd Nullable(Float64) AFTER cost_cached_usd,
    -- JSON: between which targets was chosen, and by what; empty where there was no choice.
    ADD COLUMN IF NOT EXISTS router_decision String CODEC(ZSTD(1)) AFTER alias_version,
    ADD COLUMN IF NOT EXISTS tools Array(LowCardinality(String)) AFTER answer_text,
    ADD COLUMN IF NOT EXISTS tools_called Array(LowCardinality(String)) AFTER tools,
    -- JSON: temperature, limits and the like, as asked for.
    ADD COLUMN IF NOT EXISTS parameters String CODEC(ZSTD(1)) AFTER tools_called;

-- Whether the views below have seen the row. Inserts before the views say false; once the views are there, the default
-- becomes true (store/clickhouse/fill-rollups.ts), and what says false is rolled up by the migration: no row is counted
-- twice or not at all, though traces are shipped all the while.
ALTER TABLE traces ADD COLUMN IF NOT EXISTS rolled_up Bool DEFAULT false;

-- What charts read. Errors are calls of that status; cost_usd is the sum of what has a price, and unpriced counts the rest.
CREATE TABLE IF NOT EXISTS usage_minutes
(
    project LowCardinality(String),
    minute DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    origin LowCardinality(String),
    alias LowCardinality(String),
    target LowCardinality(String),
    key_id LowCardinality(String),
    status LowCardinality(String),
    provider LowCardinality(String),
    -- The target without its provider.
    model LowCardinality(String),
    calls SimpleAggregateFunction(sum, UInt64),
    unpriced SimpleAggregateFunction(sum, UInt64),
    tokens_in SimpleAggregateFunction(sum, UInt64),
    tokens_out SimpleAggregateFunction(sum, UInt64),
    tokens_cached SimpleAggregateFunction(sum, UInt64),
    tokens_cache_write SimpleAggregateFunction(sum, UInt64),
    tokens_reasoning SimpleAggregateFunction(sum, UInt64),
    cost_usd SimpleAggregateFunction(sum, Float64),
    latency AggregateFunction(quantilesTDigest(0.5, 0.95), Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (project, minute, origin, alias, target, key_id, status, provider, model)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Spread-out traffic hardly shrinks by the minute: what is asked over many days is read from here.
CREATE TABLE IF NOT EXISTS usage_days
(
    project LowCardinality(String),
    day Date CODEC(DoubleDelta, ZSTD(1)),
    origin LowCardinality(String),
    alias LowCardinality(String),
    target LowCardinality(String),
    key_id LowCardinality(String),
    status LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    calls SimpleAggregateFunction(sum, UInt64),
    unpriced SimpleAggregateFunction(sum, UInt64),
    tokens_in SimpleAggregateFunction(sum, UInt64),
    tokens_out SimpleAggregateFunction(sum, UInt64),
    tokens_cached SimpleAggregateFunction(sum, UInt64),
    tokens_cache_write SimpleAggregateFunction(sum, UInt64),
    tokens_reasoning SimpleAggregateFunction(sum, UInt64),
    cost_usd SimpleAggregateFunction(sum, Float64),
    latency AggregateFunction(quantilesTDigest(0.5, 0.95), Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (project, day, origin, alias, target, key_id, status, provider, model)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_minutes_of_traces TO usage_minutes AS
SELECT
    project,
    toStartOfMinute(ts) AS minute,
    origin,
    alias,
    target,
    key_id,
    status,
    provider,
    substring(target, position(target, '/') + 1) AS model,
    count() AS calls,
    countIf(isNull(traces.cost_usd)) AS unpriced,
    sum(traces.tokens_in) AS tokens_in,
    sum(traces.tokens_out) AS tokens_out,
    sum(traces.tokens_cached) AS tokens_cached,
    sum(traces.tokens_cache_write) AS tokens_cache_write,
    sum(traces.tokens_reasoning) AS tokens_reasoning,
    sum(ifNull(traces.cost_usd, 0)) AS cost_usd,
    quantilesTDigestState(0.5, 0.95)(latency_ms) AS latency
FROM traces
WHERE rolled_up
GROUP BY project, minute, origin, alias, target, key_id, status, provider, model;

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_days_of_traces TO usage_days AS
SELECT
    project,
    toDate(ts) AS day,
    origin,
    alias,
    target,
    key_id,
    status,
    provider,
    substring(target, position(target, '/') + 1) AS model,
    count() AS calls,
    countIf(isNull(traces.cost_usd)) AS unpriced,
    sum(traces.tokens_in) AS tokens_in,
    sum(traces.tokens_out) AS tokens_out,
    sum(traces.tokens_cached) AS tokens_cached,
    sum(traces.tokens_cache_write) AS tokens_cache_write,
    sum(traces.tokens_reasoning) AS tokens_reasoning,
    sum(ifNull(traces.cost_usd, 0)) AS cost_usd,
    quantilesTDigestState(0.5, 0.95)(latency_ms) AS latency
FROM traces
WHERE rolled_up
GROUP BY project, day, origin, alias, target, key_id, status, provider, model;
