import { expect, test } from 'vitest';
import { Output } from './output.ts';
import { showTraining } from './training-lines.ts';

const point = (step: number, terms: Record<string, number>) => ({
  at: '2026-01-01T00:00:00.000Z',
  attempt: 1,
  step,
  totalSteps: 1200,
  epoch: 1.25,
  phase: 'warmup',
  terms,
});

function shown(points: Parameters<typeof showTraining>[1]): string {
  let text = '';
  showTraining(new Output({ write: (part) => (text += part) }, { json: false, colour: false }), points);
  return text;
}

test('the last step with its terms in order, and the last and the best validation', () => {
  const text = shown([
    point(900, { validationScore: 0.981 }),
    point(1000, { kl: 0.0123456, nll: 0.25, loss: 0.3 }),
    point(1000, { validationScore: 0.975 }),
  ]);
  expect(text).toContain('step 1,000 of 1,200, warmup, pass 1.25');
  expect(text).toContain('loss 0.3, nll 0.25, kl 0.0123');
  expect(text).toContain('97.5 % at step 1,000; best 98.1 % at step 900');
});

test('nothing is said before anything was measured', () => {
  expect(shown([])).toBe('');
});
