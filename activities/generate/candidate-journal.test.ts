import { expect, test } from 'vitest';
import type { Candidate } from '../../contracts/candidates.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { CandidateJournal } from './candidate-journal.ts';

const candidate = (sample: number) => ({ sample }) as Candidate;
const { signal } = new AbortController();

test('answers that come together are one insert, and a failed insert is repeated under its token', async () => {
  const writes: { samples: number[]; token: string }[] = [];
  const journal = new CandidateJournal(async (candidates, token) => {
    writes.push({ samples: candidates.map(({ sample }) => sample), token });
    if (writes.length === 1) throw new StillhouseError('unavailable', 'ClickHouse is down');
  });
  await Promise.all([1, 2, 3].map((sample) => journal.append(candidate(sample), signal)));
  await journal.append(candidate(4), signal);
  expect(writes.map(({ samples }) => samples)).toEqual([[1, 2, 3], [1, 2, 3], [4]]);
  expect(writes[0]!.token).toBe(writes[1]!.token);
  expect(writes[2]!.token).not.toBe(writes[1]!.token);
});

test('what no repetition mends is thrown to everybody who waits', async () => {
  const journal = new CandidateJournal(async () => {
    throw new StillhouseError('invalid_request', 'a bad row');
  });
  const both = await Promise.allSettled([journal.append(candidate(1), signal), journal.append(candidate(2), signal)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
