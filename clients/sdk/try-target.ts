import type { HEADERS } from '../../contracts/http.ts';
import type { Transport } from './transport.ts';

// Types only: the contract's schemas would make a browser's page carry zod, which tries to compile code at its start.
const COST: (typeof HEADERS)['costUsd'] = 'x-stillhouse-cost-usd';
const TARGET: (typeof HEADERS)['target'] = 'x-stillhouse-target';
const TRACE: (typeof HEADERS)['traceId'] = 'x-stillhouse-trace-id';

/** What a target answered to one message, and what that took. */
export interface TriedTarget {
  text: string;
  /** The target that answered. */
  target: string;
  /** Null where the target has no price. */
  costUsd: number | null;
  /** From here to there and back. */
  latencyMs: number;
  traceId: string | null;
}

/** Sends one user message through `/v1`, as an app would. */
export async function tryTarget(transport: Transport, target: string, message: string, signal?: AbortSignal): Promise<TriedTarget> {
  const started = performance.now();
  const json = { model: target, messages: [{ role: 'user', content: message }] };
  const response = await transport.send('POST', '/chat/completions', { json, signal }, 'v1');
  const body = (await response.json()) as { choices?: { message?: { content?: string | null } }[] };
  const cost = response.headers.get(COST);
  return {
    text: body.choices?.[0]?.message?.content ?? '',
    target: response.headers.get(TARGET) ?? target,
    costUsd: cost === null || cost === '' ? null : Number(cost),
    latencyMs: performance.now() - started,
    traceId: response.headers.get(TRACE),
  };
}
