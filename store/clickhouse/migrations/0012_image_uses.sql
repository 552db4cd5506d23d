-- Which traces name which images: an image is deleted once the last trace that names it is older than its project keeps it.
CREATE TABLE IF NOT EXISTS image_uses
(
    project LowCardinality(String),
    sha256 FixedString(64),
    -- The trace's own time.
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    trace_id UUID
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (project, sha256, ts, trace_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS image_uses_of_traces TO image_uses AS
SELECT
    project,
    arrayJoin(arrayDistinct(extractAll(request, '"stillhouse:image/([0-9a-f]{64})"'))) AS sha256,
    ts,
    id AS trace_id
FROM traces
WHERE position(request, 'stillhouse:image/') > 0;
