import { afterEach, expect, test } from 'vitest';
import { type Admission, createAdmission } from './admission.ts';

let admission: Admission;
afterEach(() => admission.close());

test('the pipeline has a share, apps have no limit', () => {
  admission = createAdmission({ pipelineConcurrency: 2 });
  for (let call = 0; call < 5; call++) admission.enter('app');
  admission.enter('pipeline');
  admission.enter('pipeline');
  expect(() => admission.enter('pipeline')).toThrow(expect.objectContaining({ code: 'rate_limited', data: { retryAfterS: 1 } }));
  expect([admission.inFlight(), admission.shed()]).toEqual([7, 1]);
  admission.leave('pipeline');
  admission.enter('pipeline');
});

test('many apps keep the pipeline out', () => {
  admission = createAdmission({ pipelineConcurrency: 2, appsSaturateAt: 3 });
  for (let call = 0; call < 4; call++) admission.enter('app');
  expect(() => admission.enter('pipeline')).toThrow('apps have the gateway busy');
  admission.leave('app');
  admission.enter('pipeline');
});

test('a loop that lags keeps the pipeline out', async () => {
  admission = createAdmission({ pipelineConcurrency: 100, maxLoopDelayMs: 100 });
  admission.enter('pipeline');
  const stall = setInterval(() => {
    for (const until = performance.now() + 400; performance.now() < until;);
  }, 10);
  await expect
    .poll(
      () => {
        try {
          admission.enter('pipeline');
          return 'in';
        } catch (error) {
          return (error as Error).message;
        }
      },
      { timeout: 10_000 },
    )
    .toContain('the gateway is busy');
  clearInterval(stall);
});
