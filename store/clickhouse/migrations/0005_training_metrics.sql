-- What a training measured, step by step: facts, appended by the attempt that made them. A step that was trained again
-- after a kill stands twice; the newest attempt's counts.
CREATE TABLE IF NOT EXISTS training_metrics
(
    project LowCardinality(String),
    distillation String,
    run_id String,
    attempt UInt32,
    step UInt32,
    total_steps UInt32,
    epoch Float64,
    phase LowCardinality(String),
    at DateTime64(3, 'UTC'),
    terms Map(LowCardinality(String), Float64)
)
ENGINE = MergeTree
ORDER BY (project, distillation, run_id, step, attempt)
SETTINGS non_replicated_deduplication_window = 100000;
