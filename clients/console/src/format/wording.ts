import type { Stage } from '../../../../contracts/distil.ts';

/** What each stage does, in a word for the timeline; the order is the run's. */
export const STAGE_WORDS: Record<Stage, { name: string; does: string }> = {
  generate: { name: 'Generate', does: 'asks the teacher for more samples' },
  curate: { name: 'Curate', does: 'keeps the answers that agree' },
  train: { name: 'Train', does: 'fits the student' },
  export: { name: 'Export', does: 'writes the artifact and loads it again' },
  evaluate: { name: 'Evaluate', does: 'student against teacher on the test split' },
  register: { name: 'Register', does: 'makes the student callable' },
  alias: { name: 'Alias', does: 'moves the traffic' },
};

/** `validationAccuracy` → `validation accuracy`; `usdPer1k` → `usd per 1k`. */
export function words(key: string): string {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
}

/** A number or fact of a stage's summary, rounded for people: shares become percentages by their name. */
export function summaryValue(key: string, value: string | number | boolean | null): string {
  if (value === null) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return key === 'decision' ? value.replaceAll('_', ' ') : value;
  if (/accuracy|agreement|share/i.test(key) && value >= 0 && value <= 1) return `${(value * 100).toFixed(1)} %`;
  if (/usd/i.test(key)) return `$${Number(value.toPrecision(3))}`;
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
