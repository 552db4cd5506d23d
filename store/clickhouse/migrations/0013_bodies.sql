-- Why a trace has no bodies (not_stored, shed, too_long_to_mask); empty where nobody left them out.
ALTER TABLE traces ADD COLUMN IF NOT EXISTS bodies LowCardinality(String) AFTER answer_text;
