import { describe, expect, it } from 'vitest';
import { TraceFilter } from '../../../../contracts/traces.ts';
import { readTraceSearch, traceFilterOf } from './trace-search.ts';

describe('the address of the traces page', () => {
  it('keeps what it understands and leaves the rest out', () => {
    expect(
      readTraceSearch({ alias: 'support', status: 'error', origin: 'nobody', range: '1h', meta: 'run=7', live: true, trace: 42, x: 1 }),
    ).toEqual({
      alias: 'support',
      status: 'error',
      range: '1h',
      meta: 'run=7',
      live: true,
      trace: '42',
    });
  });

  it('becomes a filter that the API takes', () => {
    const filter = traceFilterOf({ model: 'support', range: '1h', meta: 'run = a=b' }, Date.parse('2026-11-20T12:00:00Z'));
    expect(filter).toEqual({ model: 'support', metadata: { run: 'a=b' }, since: '2026-11-20T11:00:00.000Z' });
    expect(TraceFilter.safeParse(filter).success).toBe(true);
  });

  it('asks for nothing while a metadata pair is half written', () => {
    expect(traceFilterOf({ meta: 'run' }, 0)).toEqual({});
  });
});
