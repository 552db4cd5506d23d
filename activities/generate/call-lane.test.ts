import { expect, test } from 'vitest';
import type { Candidate } from '../../contracts/candidates.ts';
import { CandidateJournal } from './candidate-journal.ts';
import { type LaneCall, runCalls } from './call-lane.ts';
import { SpendGuard } from './spend-guard.ts';
import { gatewayClient } from './teacher-call.ts';

const WORST_USD = 0.3;
const never = new AbortController().signal;

/** Runs calls against a gateway that answers as told, without waiting; a call's worst case is 0.3 dollars, the cap 1. */
async function lane(
  calls: number,
  answer: (attempt: number) => Response,
  { most = 1, capUsd = 1, refusals = 'fail' as 'fail' | 'lose' } = {},
) {
  let attempts = 0;
  const pauses: number[] = [];
  const client = gatewayClient({ url: 'http://gateway.test', serviceKey: 'key', fetch: async () => answer(attempts++) }, 'acme');
  const journalled: Candidate[] = [];
  const journal = new CandidateJournal(async (candidates) => void journalled.push(...candidates));
  const guard = new SpendGuard(capUsd, 0);
  const call: LaneCall = {
    call: {
      body: { model: 'lab/teacher', messages: [{ role: 'user', content: 'x' }], stream: false },
      metadata: {},
      price: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
    },
    worstUsd: WORST_USD,
    toCandidate: ({ text, ...rest }) => ({ answer: text, ...rest }) as unknown as Candidate,
  };
  const pause = async (ms: number) => void pauses.push(ms);
  const deps = { client, journal, guard, most, stop: never, abandon: never, refusals, moved: () => undefined, pause };
  let error: unknown = null;
  const result = await runCalls(deps, Array<LaneCall>(calls).fill(call)).catch((thrown: unknown) => void (error = thrown));
  return { result, error, attempts, pauses, journalled, guard };
}

const failure = (status: number, code: string | null, headers: Record<string, string> = {}) =>
  Response.json({ error: { message: 'no', type: 'api_error', code } }, { status, headers });
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

test('a teacher that refuses every connection fails the lane for good after its first samples, naming the reason', async () => {
  const { error, attempts } = await lane(600, () => failure(502, 'upstream_unreachable'), { most: 32, capUsd: 1_000 });
  expect(error).toMatchObject({ code: 'unavailable', retryable: false });
  expect((error as Error).message).toMatch(/^The teacher "lab\/teacher" is not there: \d+ of 600 .*502 no \(upstream_unreachable\)/);
  expect(attempts).toBeLessThanOrEqual(32 * 8);
});

test('a teacher that goes away while it answers ends the lane at once, and another attempt may help', async () => {
  const answer = (attempt: number) => (attempt < 3 ? success(undefined, { 'x-stillhouse-cost-usd': '0' }) : failure(500, null));
  const { error, attempts, journalled } = await lane(200, answer, { capUsd: 1_000 });
  expect(error).toMatchObject({ code: 'unavailable', retryable: true });
  expect(journalled).toHaveLength(3);
  expect(attempts).toBe(3 + 11 * 8);
});

test('few lost samples are left out; their attempts outlast an outage of a minute', async () => {
  const { result, pauses } = await lane(1, () => failure(502, 'upstream_unreachable'));
  expect(result).toEqual({ journalled: 0, lost: 1, capReached: false });
  expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(60_000);
});

test('a gateway of ours that is not ready is waited for; a provider that is unavailable throughout is not', async () => {
  expect((await lane(1, () => failure(503, 'unavailable'))).error).toMatchObject({ code: 'unavailable', retryable: true });
  expect((await lane(1, () => failure(429, null))).error).toMatchObject({ retryable: true });
  expect((await lane(1, () => failure(503, null))).error).toMatchObject({ retryable: false });
});

test.each(['1e12', '99999999999', 'Infinity'])('a retry-after of %s is heeded for five minutes', async (seconds) => {
  const answer = (attempt: number) =>
    attempt === 0 ? failure(429, null, { 'retry-after': seconds }) : success(undefined, { 'x-stillhouse-cost-usd': '0' });
  const { result, pauses } = await lane(1, answer);
  expect(result).toMatchObject({ journalled: 1 });
  expect(pauses).toEqual([300_000]);
});

test('where a refusal may be of one call it is lost alone; where nearly all are refused, or it is of whoever asks, the lane fails with it', async () => {
  const refusing = (status: number) => (attempt: number) =>
    attempt % 50 === 7 ? failure(status, null) : success(undefined, { 'x-stillhouse-cost-usd': '0' });
  const lenient = { capUsd: 1_000, refusals: 'lose' } as const;
  expect(await lane(100, refusing(400), lenient)).toMatchObject({ error: null, result: { journalled: 98, lost: 2 }, attempts: 100 });
  const refused = { code: 'upstream_invalid', retryable: false, message: expect.stringContaining('refused a call with 400') as string };
  expect((await lane(100, refusing(400), { capUsd: 1_000 })).error).toMatchObject(refused);
  const all = await lane(100, () => failure(400, null), lenient);
  expect(all.error).toMatchObject(refused);
  expect(all.attempts).toBeLessThan(20);
  expect((await lane(100, refusing(402), lenient)).error).toMatchObject({ code: 'upstream_invalid', data: { status: 402 } });
});
