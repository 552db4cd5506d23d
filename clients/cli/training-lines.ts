import type { TrainingPoint } from '../sdk/index.ts';
import { count } from './format.ts';
import type { Output } from './output.ts';

/** In this order where they are measured; others follow. */
const TERMS = ['loss', 'nll', 'preference', 'preferenceAccuracy', 'kl', 'gradNorm', 'learningRate', 'tokensPerSecond'];

/** The last step of a training and its terms, and the last and best validation. */
export function showTraining(out: Output, points: readonly TrainingPoint[]): void {
  const step = points.findLast((point) => point.terms['loss'] !== undefined);
  const validations = points.filter((point) => point.terms['validationScore'] !== undefined);
  const last = validations.at(-1);
  if (!step && !last) return;
  out.line();
  const best = validations.reduce<TrainingPoint | null>((top, point) => (top && scoreOf(top) >= scoreOf(point) ? top : point), null);
  out.facts([
    ...(step
      ? ([['training', `step ${count(step.step)} of ${count(step.totalSteps)}, ${step.phase}, pass ${step.epoch.toFixed(2)}`]] as const)
      : []),
    ...(step ? ([['terms', termsOf(step)]] as const) : []),
    ...(last && best
      ? ([['validation', `${score(last)} at step ${count(last.step)}; best ${score(best)} at step ${count(best.step)}`]] as const)
      : []),
  ]);
}

function termsOf({ terms }: TrainingPoint): string {
  const rank = (name: string) => (TERMS.includes(name) ? TERMS.indexOf(name) : TERMS.length);
  const names = Object.keys(terms).sort((a, b) => rank(a) - rank(b));
  return names.map((name) => `${name} ${Number(terms[name]!.toPrecision(3))}`).join(', ');
}

function scoreOf(point: TrainingPoint): number {
  return point.terms['validationScore'] ?? 0;
}

function score(point: TrainingPoint): string {
  return `${(100 * scoreOf(point)).toFixed(1)} %`;
}
