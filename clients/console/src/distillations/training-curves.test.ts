import { expect, it } from 'vitest';
import { curvesOf } from './training-curves.ts';

const point = (step: number, phase: string, terms: Record<string, number>) => ({
  at: '2026-01-01T00:00:00Z',
  attempt: 1,
  step,
  totalSteps: 2000,
  epoch: step / 10,
  phase,
  terms,
});

it('draws terms that are on, marks where a phase begins, and names the best validation', () => {
  const curves = curvesOf([
    point(1, 'warmup', { nll: 2, preference: 0, gradNorm: 1 }),
    point(1, 'warmup', { validationScore: 0.5 }),
    point(2, 'warmup', { nll: 1, preference: 0 }),
    point(3, 'preference', { nll: 0.9, preference: 0.4, kl: 0, tokensPerSecond: 700 }),
    point(3, 'preference', { validationScore: 0.9 }),
    point(4, 'preference', { nll: 0.8, preference: 0.3, kl: 0 }),
    point(4, 'preference', { validationScore: 0.9 }),
  ]);
  expect(curves.loss[0]).toEqual({ step: 1, nll: 2 });
  expect(curves.loss[2]).toEqual({ step: 3, nll: 0.9, preference: 0.4 });
  expect([...curves.terms]).toEqual(['nll', 'preference']);
  expect(curves.phases).toEqual([{ step: 3, phase: 'preference' }]);
  expect(curves.validation.map(({ step }) => step)).toEqual([1, 3, 4]);
  expect(curves.best).toEqual({ step: 3, score: 0.9 });
  expect(curves.last.step).toBe(4);
});

it('keeps the last of many points, and is empty before the first', () => {
  const many = curvesOf(Array.from({ length: 2001 }, (_, i) => point(i, 'warmup', { nll: i })));
  expect(many.loss.length).toBeLessThanOrEqual(402);
  expect(many.loss.at(-1)).toEqual({ step: 2000, nll: 2000 });
  expect(curvesOf([])).toMatchObject({ loss: [], validation: [], best: null });
});
