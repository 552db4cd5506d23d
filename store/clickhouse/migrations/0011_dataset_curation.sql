-- What judges said of rows: facts; of a row's content the newest counts.
CREATE TABLE IF NOT EXISTS dataset_verdicts
(
    project LowCardinality(String),
    dataset String,
    row_id String,
    -- Hash of the prompt and the answer that were judged: of a row whose answer was edited since it says nothing.
    content_hash String,
    -- When the run of the judge began.
    at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    -- 'judge' or 'person'.
    by LowCardinality(String),
    -- From 0 to 1.
    score Float32,
    -- 'keep' or 'drop'.
    verdict LowCardinality(String),
    -- Scores by criterion, as JSON.
    criteria String CODEC(ZSTD(3)),
    reason String CODEC(ZSTD(3)),
    model LowCardinality(String),
    prompt_version LowCardinality(String),
    -- Of the answer that the verdict rests on; copies of a row rest on the same one.
    cost_usd Nullable(Float64),
    run_id String,
    trace_id String
)
ENGINE = MergeTree
ORDER BY (project, dataset, row_id, at)
SETTINGS non_replicated_deduplication_window = 100000;

-- States of a judge's run: the newest `updated_at` counts.
CREATE TABLE IF NOT EXISTS dataset_judgements
(
    project LowCardinality(String),
    dataset String,
    name String,
    run_id String,
    status LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    value String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, dataset, name, updated_at)
SETTINGS non_replicated_deduplication_window = 100000;

-- What people changed in rows: facts, one a row and field; the newest of a field counts. Nothing is ever taken out of it.
CREATE TABLE IF NOT EXISTS dataset_edits
(
    project LowCardinality(String),
    dataset String,
    row_id String,
    at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    -- Id of the key.
    actor LowCardinality(String),
    -- 'verdict', 'answer' or 'tags'.
    field LowCardinality(String),
    -- As JSON; null: as it comes from the source.
    before String CODEC(ZSTD(3)),
    after String CODEC(ZSTD(3)),
    note String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, dataset, row_id, at)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What a build left out of a version, whole, and why: it can be looked at and brought back.
CREATE TABLE IF NOT EXISTS dataset_left_out
(
    project LowCardinality(String),
    dataset String,
    version UInt32,
    reason LowCardinality(String),
    row_id String,
    split LowCardinality(String),
    -- `line 12` or `trace 0198…`.
    place String,
    messages String CODEC(ZSTD(3)),
    reference String CODEC(ZSTD(3)),
    trace_id String
)
ENGINE = MergeTree
ORDER BY (project, dataset, version, reason, row_id)
SETTINGS non_replicated_deduplication_window = 100000;

-- How much the answers of a version's rows disagree with their neighbours'.
CREATE TABLE IF NOT EXISTS dataset_suspicions
(
    project LowCardinality(String),
    dataset String,
    version UInt32,
    split LowCardinality(String),
    position UInt32,
    row_id String,
    -- From 0 to 1.
    suspicion Float32
)
ENGINE = MergeTree
ORDER BY (project, dataset, version, split, position)
SETTINGS non_replicated_deduplication_window = 100000;
