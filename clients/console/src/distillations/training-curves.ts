import type { TrainingPoint } from '../../../../contracts/language-model.ts';

/** What the charts of a training are drawn from. */
export interface TrainingCurves {
  loss: Record<string, number>[];
  /** Names of the terms that are not zero throughout. */
  terms: Set<string>;
  validation: { step: number; score: number }[];
  /** First step of each phase but the first. */
  phases: { step: number; phase: string }[];
  last: TrainingPoint;
  best: { step: number; score: number } | null;
}

const NOTHING: TrainingPoint = { at: '', attempt: 0, step: 0, totalSteps: 0, epoch: 0, phase: '', terms: {} };
/** More points than pixels say nothing more. */
const MOST_POINTS = 400;
const LOSS_TERMS = ['nll', 'preference', 'kl'];

/** Points as curves. A term that is off is 0 at every step: it has no curve. */
export function curvesOf(points: readonly TrainingPoint[]): TrainingCurves {
  const steps = points.filter(({ terms }) => LOSS_TERMS.some((name) => terms[name] !== undefined));
  // a term is drawn from where it is on: before, it is not 0 but not there
  const onFrom = new Map(LOSS_TERMS.map((name) => [name, steps.findIndex(({ terms }) => (terms[name] ?? 0) !== 0)]));
  const lossAt = ({ step, terms }: TrainingPoint, i: number): Record<string, number> => {
    const on = LOSS_TERMS.filter((name) => terms[name] !== undefined && onFrom.get(name)! >= 0 && i >= onFrom.get(name)!);
    return { step, ...Object.fromEntries(on.map((name) => [name, terms[name]!])) };
  };
  const every = Math.max(1, Math.ceil(steps.length / MOST_POINTS));
  const loss = steps.map(lossAt).filter((_, i) => i % every === 0 || i === steps.length - 1);
  const validation = points.flatMap(({ step, terms }) =>
    terms['validationScore'] === undefined ? [] : [{ step, score: terms['validationScore'] }],
  );
  const best = validation.reduce<TrainingCurves['best']>((top, point) => (top && top.score >= point.score ? top : point), null);
  const phases = steps.flatMap(({ step, phase }, i) => (i > 0 && phase !== steps[i - 1]!.phase ? [{ step, phase }] : []));
  const terms = new Set(LOSS_TERMS.filter((name) => onFrom.get(name)! >= 0));
  return { loss, terms, validation, phases, last: steps.at(-1) ?? NOTHING, best };
}
