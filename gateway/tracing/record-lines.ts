import { type AttemptRow, LONGEST_ERROR_MESSAGE, type TraceRow, type TraceStart } from '../../contracts/traces.ts';
import { wellFormedJson } from '../../platform/well-formed-json.ts';

/** Names that come again and again (targets, keys, models), as JSON. */
const known = new Map<string, string>();
const MOST_KNOWN = 2000;
const LONGEST_KNOWN = 200;

function name(text: string): string {
  const found = known.get(text);
  if (found !== undefined) return found;
  const made = wellFormedJson(text);
  if (text.length > LONGEST_KNOWN) return made;
  // Callers choose some of them: the memory is bounded.
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, made);
  return made;
}

/**
 * A row as the spool keeps it and ClickHouse takes it: what `JSON.stringify` makes of it, without fields that are what their
 * column is anyway (empty, 0, null). Written by hand, for each call pays for it: it takes two thirds of the time, and a fifth
 * less room. `cost_usd` is always there, and the fields that readers of spools look for come first (`segment-lines.ts`,
 * `spool-spend.ts`); the bodies come last.
 */
export function rowLine(row: TraceRow): string {
  let line =
    `{"v":${row.v},"id":"${row.id}","ts":"${row.ts}","project":${name(row.project)},"origin":"${row.origin}","key_id":${name(row.key_id)}` +
    `,"target":${name(row.target)},"provider":${name(row.provider)},"model_asked":${name(row.model_asked)},"status":"${row.status}"` +
    `,"http_status":${row.http_status},"latency_ms":${row.latency_ms},"tokens_in":${row.tokens_in},"tokens_out":${row.tokens_out}` +
    `,"cost_usd":${usd(row.cost_usd)}${price('cost_estimated_usd', row.cost_estimated_usd)}`;
  line += text('alias', row.alias) + number('alias_version', row.alias_version);
  line += text('router_decision', row.router_decision) + text('model_answered', row.model_answered);
  line += text('error_class', row.error_class) + body('error_message', row.error_message.slice(0, LONGEST_ERROR_MESSAGE));
  if (row.kind !== undefined && row.kind !== 'chat') line += `,"kind":"${row.kind}"`;
  if (row.streamed) line += ',"streamed":true';
  line += number('first_token_ms', row.first_token_ms) + text('finish_reason', row.finish_reason);
  line += number('tokens_cached', row.tokens_cached) + number('tokens_cache_write', row.tokens_cache_write);
  line += number('tokens_reasoning', row.tokens_reasoning);
  line += price('cost_input_usd', row.cost_input_usd) + price('cost_output_usd', row.cost_output_usd);
  line += price('cost_cached_usd', row.cost_cached_usd) + price('cost_cache_write_usd', row.cost_cache_write_usd);
  line += price('request_bytes', row.request_bytes) + price('response_bytes', row.response_bytes);
  line +=
    body('user_id', row.user_id) + body('session_id', row.session_id) + text('parameters', row.parameters) + text('bodies', row.bodies);
  line += list('tools', row.tools) + list('tools_called', row.tools_called);
  if (hasMembers(row.metadata)) line += `,"metadata":${wellFormedJson(row.metadata)}`;
  line += `,"attempts":[${row.attempts.length === 1 ? attempt(row.attempts[0]!) : row.attempts.map(attempt).join(',')}]`;
  line += body('prompt_text', row.prompt_text) + body('answer_text', row.answer_text);
  return `${line}${body('request', row.request)}${body('response', row.response)}}`;
}

/** A call's start as the spool keeps it; all fields, for whoever adopts the spool checks them. */
export function startLine(start: TraceStart): string {
  return (
    `{"s":${start.s},"v":${start.v},"id":"${start.id}","project":${name(start.project)},"ts":"${start.ts}","origin":"${start.origin}"` +
    `,"key_id":${name(start.key_id)},"alias":${name(start.alias)},"alias_version":${start.alias_version},"target":${name(start.target)}` +
    `,"model_asked":${name(start.model_asked)},"tokens_in":${start.tokens_in},"cost_usd":${usd(start.cost_usd)}` +
    (start.kind === undefined || start.kind === 'chat' ? '' : `,"kind":"${start.kind}"`) +
    `,"metadata":${hasMembers(start.metadata) ? wellFormedJson(start.metadata) : '{}'}}`
  );
}

function attempt(one: AttemptRow): string {
  return (
    `{"target":${name(one.target)},"provider":${name(one.provider)},"model":${name(one.model)},"status":${one.status},"error_class":"${one.error_class}"` +
    `,"latency_ms":${one.latency_ms},"tokens_in":${one.tokens_in},"tokens_out":${one.tokens_out},"cost_usd":${usd(one.cost_usd)}}`
  );
}

function text(field: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${field}":${name(value)}`;
}

/** A text that is hardly ever the same again: remembered, users and sessions would drive out the names that are. */
function body(field: string, value: string): string {
  return value === '' ? '' : `,"${field}":${wellFormedJson(value)}`;
}

function number(field: string, value: number | undefined): string {
  return value === undefined || value === 0 ? '' : `,"${field}":${value}`;
}

/** 0 is a price, null is none. */
function price(field: string, value: number | null | undefined): string {
  return value === undefined || value === null ? '' : `,"${field}":${usd(value)}`;
}

/** JSON has no other numbers. */
function usd(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

function list(field: string, values: readonly string[] | undefined): string {
  return values === undefined || values.length === 0 ? '' : `,"${field}":${wellFormedJson(values)}`;
}

function hasMembers(record: Readonly<Record<string, string>>): boolean {
  for (const _ in record) return true;
  return false;
}
