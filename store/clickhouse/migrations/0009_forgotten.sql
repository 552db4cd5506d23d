-- What was asked to be forgotten: ids and hashes alone, so that what arrives later can be told and removed, too.
CREATE TABLE IF NOT EXISTS forgotten
(
    project LowCardinality(String),
    -- 'trace' (its id), 'user' and 'session' (SHA-256 of what they were called), 'row' (of datasets, by id), 'prompt' (its hash),
    -- 'dataset-row' (name/version/row id: what datasets have lost).
    kind LowCardinality(String),
    value String,
    -- Of a trace its own time; of a user or a session: calls before that.
    ts DateTime64(3, 'UTC'),
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (project, kind, value, ts)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000;
