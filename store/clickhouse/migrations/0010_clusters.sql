-- Clusters of a run, as they were found and named in it: one row a cluster and run; the newest completed run of a scope counts.
CREATE TABLE IF NOT EXISTS clusters
(
    project LowCardinality(String),
    -- Hash of the filter without its times: runs of one scope continue each other's clusters.
    scope LowCardinality(String),
    run_id String,
    cluster_id String,
    recorded_at DateTime64(3, 'UTC'),
    name String,
    -- 'model', 'keywords', or 'person' where the run found a person's name.
    named_by LowCardinality(String),
    description String,
    inclusion String,
    exclusion String,
    keywords Array(String),
    -- Mean of the members' unit vectors; comparable only with vectors of the same embedder (model and precision).
    centre Array(Float32) CODEC(ZSTD(1)),
    -- What all vectors of the run have in common: taken off before a new vector is compared. The same in all rows of a run.
    mean Array(Float32) CODEC(ZSTD(1)),
    embedder_sha256 LowCardinality(String),
    -- Texts of the sample in it, near-duplicates once.
    texts UInt32,
    coherence Float32,
    -- Mean cosine to the centre of what the run assigned.
    similarity Float32,
    -- Below this cosine to the centre a trace is an outlier.
    outlier_below Float32,
    -- Identity of the system prompt that nearly all members have; empty: of none.
    system String,
    map_x Float32,
    map_y Float32,
    -- The same cluster of the run before had this cosine to this centre; 0 where there was none.
    kept_from Float32,
    -- contracts/clusters.ts, ClusterTask, as JSON.
    task String,
    -- Traces that are nearly another cluster's.
    borderline Array(Tuple(trace_id UUID, other_id String, margin Float32))
)
ENGINE = MergeTree
ORDER BY (project, scope, run_id, cluster_id)
SETTINGS non_replicated_deduplication_window = 100000;

-- What a person has called a cluster: facts, the newest of a cluster counts.
CREATE TABLE IF NOT EXISTS cluster_edits
(
    project LowCardinality(String),
    cluster_id String,
    at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    actor LowCardinality(String),
    name Nullable(String),
    description Nullable(String),
    inclusion Nullable(String),
    exclusion Nullable(String)
)
ENGINE = MergeTree
ORDER BY (project, cluster_id, at)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

-- States of a run: the newest `updated_at` counts.
CREATE TABLE IF NOT EXISTS cluster_runs
(
    project LowCardinality(String),
    name String,
    run_id String,
    scope LowCardinality(String),
    mode LowCardinality(String),
    status LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    value String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (project, name, updated_at)
SETTINGS non_replicated_deduplication_window = 100000;
