import { expect, test } from 'vitest';
import type { Candidate } from '../../contracts/candidates.ts';
import { CandidateJournal } from './candidate-journal.ts';
import { type LaneCall, runCalls } from './call-lane.ts';
import { SpendGuard } from './spend-guard.ts';
import { gatewayClient } from './teacher-call.ts';

const WORST_USD = 0.3;
const never = new AbortController().signal;

/** Runs calls against a gateway that answers as told; a call's worst case is 0.3 dollars, the cap 1. */
async function lane(calls: number, answer: (attempt: number) => Response) {
  let attempts = 0;
  const client = gatewayClient({ url: 'http://gateway.test', serviceKey: 'key', fetch: async () => answer(attempts++) });
  const journalled: Candidate[] = [];
  const journal = new CandidateJournal(async (candidates) => void journalled.push(...candidates));
  const guard = new SpendGuard(1, 0);
  const call: LaneCall = {
    call: {
      body: { model: 'lab/teacher', messages: [{ role: 'user', content: 'x' }], stream: false },
      metadata: {},
      price: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
    },
    worstUsd: WORST_USD,
    toCandidate: ({ text, ...rest }) => ({ answer: text, ...rest }) as unknown as Candidate,
  };
  const deps = { client, journal, guard, most: 1, stop: never, abandon: never, moved: () => undefined };
  const result = await runCalls(deps, Array<LaneCall>(calls).fill(call));
  return { result, attempts, journalled, guard };
}

const failure = (status: number, code: string | null) => Response.json({ error: { message: 'no', type: 'api_error', code } }, { status });
const success = (usage: object | undefined, headers: Record<string, string>) =>
  Response.json({ choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }], usage }, { headers });

test('an attempt that may have been charged counts with its worst case, and the cap ends the retries', async () => {
  const { result, attempts, guard } = await lane(1, () => failure(502, 'upstream_reset'));
  expect(attempts).toBe(3);
  expect(result).toEqual({ journalled: 0, lost: 0, capReached: true });
  expect(guard.spentUsd).toBe(0);
});

test('an attempt that has cost nothing gives its reservation back', async () => {
  const { result, guard } = await lane(1, (attempt) =>
    attempt < 3 ? failure(500, null) : success(undefined, { 'x-stillhouse-cost-usd': '0.01' }),
  );
  expect(result).toEqual({ journalled: 1, lost: 0, capReached: false });
  expect(guard.spentUsd).toBeCloseTo(0.01, 12);
});

test('an answer that says nothing of its cost counts with its worst case, and is journalled as unpriced', async () => {
  const { result, journalled, guard } = await lane(5, () => success(undefined, {}));
  expect(result).toEqual({ journalled: 3, lost: 0, capReached: true });
  expect(journalled.map((candidate) => candidate.costUsd)).toEqual([null, null, null]);
  expect(guard.spentUsd).toBe(0);
});
