import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceRow, TraceStart } from '../../contracts/traces.ts';
import { rowLine, startLine } from './record-lines.ts';

const count = fc.nat();
const usd = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 10, noNaN: true }));
const text = fc.string({ unit: 'binary' });
const words = fc.array(text, { maxLength: 3 });
const common = {
  id: fc.uuid(),
  ts: fc.constant('2026-06-01 00:00:00.000'),
  project: text,
  origin: fc.constantFrom('app', 'pipeline'),
  key_id: text,
  alias: text,
  alias_version: count,
  target: text,
  model_asked: text,
  tokens_in: count,
  cost_usd: usd,
  metadata: fc.dictionary(text, text, { noNullPrototype: true }),
};
const attempt = fc.record({
  target: text,
  provider: text,
  model: text,
  status: count,
  error_class: fc.constantFrom('', 'upstream_reset'),
  latency_ms: count,
  tokens_in: count,
  tokens_out: count,
  cost_usd: usd,
});
const row = fc.record({
  ...common,
  v: fc.constant(2),
  router_decision: text,
  provider: text,
  model_answered: text,
  status: fc.constantFrom('ok', 'error'),
  http_status: count,
  error_class: fc.constantFrom('', 'unavailable'),
  error_message: text,
  streamed: fc.boolean(),
  request: text,
  response: text,
  prompt_text: text,
  answer_text: text,
  bodies: fc.constantFrom('', 'shed', 'not_stored'),
  tools: words,
  tools_called: words,
  parameters: text,
  finish_reason: text,
  tokens_out: count,
  tokens_cached: count,
  tokens_cache_write: count,
  tokens_reasoning: count,
  cost_estimated_usd: usd,
  cost_input_usd: usd,
  cost_output_usd: usd,
  cost_cached_usd: usd,
  cost_cache_write_usd: usd,
  latency_ms: count,
  first_token_ms: count,
  user_id: text,
  session_id: text,
  attempts: fc.array(attempt, { maxLength: 3 }),
}) as fc.Arbitrary<TraceRow>;

/** What a column is where nothing is said of it. */
const isDefault = (value: unknown) =>
  value === '' || value === 0 || value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

test('a row says all that is not what its column is anyway', () => {
  fc.assert(
    fc.property(row, (given) => {
      const line = rowLine(given);
      expect(line).not.toContain('\n');
      const said = JSON.parse(line) as Record<string, unknown>;
      for (const [field, value] of Object.entries(given)) {
        if (field in said) expect({ [field]: said[field] }).toEqual({ [field]: value });
        else expect({ [field]: isDefault(value) }).toEqual({ [field]: true });
      }
      expect(Object.keys(said).every((field) => field in given)).toBe(true);
      expect(line.slice(0, 14)).toBe('{"v":2,"id":"' + given.id[0]);
      expect(said).toHaveProperty('cost_usd');
    }),
  );
});

test('a start says everything', () => {
  const start = fc.record({ s: fc.constant(1), v: fc.constant(1), ...common }) as fc.Arbitrary<TraceStart>;
  fc.assert(
    fc.property(start, (given) => {
      expect(JSON.parse(startLine(given))).toEqual(given);
      expect(startLine(given).startsWith('{"s":1,')).toBe(true);
    }),
  );
});

test('half a character is no JSON that ClickHouse takes, and a number that is none is null', () => {
  const [given] = fc.sample(row, 1) as [TraceRow];
  const odd = { ...given, target: 'lab/🙂'.slice(0, 5), request: '🙂'.slice(0, 1), cost_usd: Number.NaN, cost_input_usd: Infinity };
  expect(JSON.parse(rowLine(odd))).toMatchObject({ target: 'lab/\ufffd', request: '\ufffd', cost_usd: null, cost_input_usd: null });
});
