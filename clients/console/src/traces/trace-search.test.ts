import { describe, expect, it } from 'vitest';
import { TraceFilter } from '../../../../contracts/traces.ts';
import { pairsOf, readTraceSearch, traceFilterOf } from './trace-search.ts';

const EVERYTHING = {
  alias: 'support',
  model: 'gpt-4o',
  target: 'openai/gpt-4o',
  provider: 'openai',
  status: 'error',
  origin: 'app',
  kind: 'images',
  cluster: 'c_1',
  key: 'key_abcdefghijkl',
  session: 's1',
  user: 'u1',
  minCostUsd: 0.001,
  maxCostUsd: 1,
  minLatencyMs: 0,
  maxLatencyMs: 900,
  text: 'lost card',
  verdict: 'down',
  since: '2026-11-20T11:00:00.000Z',
  until: '2026-11-20T12:00:00.000Z',
} as const;

describe('the address of the traces page', () => {
  it('keeps what it understands and leaves the rest out', () => {
    expect(
      readTraceSearch({
        alias: 'support',
        status: 'error',
        origin: 'nobody',
        verdict: 'meh',
        range: '1h',
        meta: 'run=7',
        live: true,
        trace: 42,
        minCostUsd: 'much',
        maxLatencyMs: '900',
        since: 'yesterday',
        x: 1,
      }),
    ).toEqual({ alias: 'support', status: 'error', range: '1h', meta: 'run=7', live: true, trace: '42', maxLatencyMs: 900 });
  });

  it('has every filter of the API', () => {
    expect(readTraceSearch(EVERYTHING)).toEqual(EVERYTHING);
    const filter = traceFilterOf({ ...EVERYTHING, meta: 'run=7' }, 0);
    expect(filter).toEqual({ ...EVERYTHING, metadata: { run: '7' } });
    const paging = ['cursor', 'limit', 'count'];
    expect(Object.keys(filter).sort()).toEqual(
      Object.keys(TraceFilter.shape)
        .filter((key) => !paging.includes(key))
        .sort(),
    );
  });

  it('becomes a filter that the API takes', () => {
    const filter = traceFilterOf({ model: 'support', range: '1h', meta: 'run = a=b' }, Date.parse('2026-11-20T12:00:00Z'));
    expect(filter).toEqual({ model: 'support', metadata: { run: 'a=b' }, since: '2026-11-20T11:00:00.000Z' });
    expect(TraceFilter.safeParse(filter).success).toBe(true);
  });

  it('takes a span instead of a range, never both', () => {
    expect(readTraceSearch({ range: '1h', since: '2026-11-20T12:00:00+01:00' })).toEqual({ since: '2026-11-20T11:00:00.000Z' });
  });

  it('asks for nothing while a metadata pair is half written, or a text has no word in it', () => {
    expect(traceFilterOf({ meta: 'run', text: '?!' }, 0)).toEqual({});
  });

  it('takes several metadata pairs, with commas in their values', () => {
    expect(pairsOf('run=7, note=a, b, call=c-1')).toEqual({ run: '7', note: 'a, b', call: 'c-1' });
  });
});
