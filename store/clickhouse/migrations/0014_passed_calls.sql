-- Calls that are passed through: what was called, and the bytes of bodies that are not kept.
ALTER TABLE traces
    ADD COLUMN IF NOT EXISTS kind LowCardinality(String) DEFAULT 'chat' AFTER origin,
    ADD COLUMN IF NOT EXISTS request_bytes Nullable(UInt64) AFTER first_token_ms,
    ADD COLUMN IF NOT EXISTS response_bytes Nullable(UInt64) AFTER request_bytes;

-- Files and batches at providers, by the project that made them: a provider's account knows nothing of projects. The newest row
-- of an object counts.
CREATE TABLE IF NOT EXISTS provider_objects
(
    project LowCardinality(String),
    -- 'file' or 'batch'.
    kind LowCardinality(String),
    -- The provider's own.
    id String,
    provider LowCardinality(String),
    -- Of a file; empty of a batch.
    purpose LowCardinality(String),
    key_id LowCardinality(String),
    created_at DateTime64(3, 'UTC'),
    deleted Bool,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (project, kind, id, provider)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;
