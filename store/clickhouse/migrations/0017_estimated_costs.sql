-- What a call counts with in budgets whose price is not known.
ALTER TABLE traces ADD COLUMN IF NOT EXISTS cost_estimated_usd Nullable(Float64) AFTER cost_usd;
