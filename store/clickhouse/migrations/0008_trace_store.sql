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
