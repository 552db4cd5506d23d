import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceRow } from '../../contracts/traces.ts';
import { listSegments } from '../../gateway/tracing/segment-files.ts';
import { isImageLine, isStartLine, wholeLines } from '../../gateway/tracing/segment-lines.ts';

/** What ClickHouse makes of fields that a line leaves out. */
const AS_COLUMNS = {
  alias: '',
  alias_version: 0,
  router_decision: '',
  model_answered: '',
  error_class: '',
  error_message: '',
  streamed: false,
  request: '',
  response: '',
  prompt_text: '',
  answer_text: '',
  bodies: '',
  tools: [],
  tools_called: [],
  parameters: '',
  finish_reason: '',
  tokens_cached: 0,
  tokens_cache_write: 0,
  tokens_reasoning: 0,
  cost_input_usd: null,
  cost_output_usd: null,
  cost_cached_usd: null,
  cost_cache_write_usd: null,
  first_token_ms: 0,
  user_id: '',
  session_id: '',
  metadata: {},
} satisfies Partial<TraceRow>;

/** The traces that lie in a home's spool, in the order in which they were written. */
export function spooledRows(home: string): TraceRow[] {
  const spool = join(home, 'spool');
  if (!existsSync(spool)) return [];
  return segmentTexts(spool)
    .flatMap((text) => [...wholeLines(text)])
    .filter((line) => !isStartLine(line) && !isImageLine(line))
    .map((line) => ({ ...AS_COLUMNS, ...(JSON.parse(line.toString()) as TraceRow) }));
}

/** A segment that is sealed between listing and reading has another name by then: all is read anew. */
function segmentTexts(spool: string): Buffer[] {
  const folders = readdirSync(spool).filter((name) => name !== 'rejected');
  const paths = folders.flatMap((name) => listSegments(join(spool, name))).map(({ path }) => path);
  try {
    return paths.map((path) => readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return segmentTexts(spool);
  }
}
