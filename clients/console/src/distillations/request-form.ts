import type { DistilInput, DistilRequest } from '../../../../contracts/distil.ts';

/** The form's fields as they are being written: number inputs give a text while empty. */
export interface RequestForm {
  name: string;
  dataset: string;
  teacher: string;
  student: string;
  alias: string;
  nSamples: number | string;
  keepBest: number | string;
  temperature: number | string;
  maxUsd: number | string;
  marginPoints: number | string;
  seed: number | string;
  useGold: boolean;
  approval: boolean;
}

/** Fields of a form, what each was refused for, and how one changes. */
export interface FieldsProps {
  form: RequestForm;
  errors: Record<string, string>;
  onChange: (part: Partial<RequestForm>) => void;
}

/** The defaults of `distil`, to be seen before anything is spent. */
export const EMPTY_FORM: RequestForm = {
  name: '',
  dataset: '',
  teacher: '',
  student: 'encoder',
  alias: '',
  nSamples: 4,
  keepBest: 2,
  temperature: 0.8,
  maxUsd: 10,
  marginPoints: 3,
  seed: 7,
  useGold: false,
  approval: false,
};

/** The request of a form: fields that were left empty are left out, so that their defaults hold. */
export function requestOf(form: RequestForm): DistilRequest {
  const text = (key: 'name' | 'teacher' | 'student' | 'alias') => (form[key].trim() === '' ? {} : { [key]: form[key].trim() });
  const number = (key: 'nSamples' | 'keepBest' | 'temperature' | 'maxUsd' | 'marginPoints' | 'seed') =>
    form[key] === '' ? {} : { [key]: Number(form[key]) };
  return {
    dataset: form.dataset,
    ...text('name'),
    ...text('teacher'),
    ...text('student'),
    ...text('alias'),
    ...number('nSamples'),
    ...number('keepBest'),
    ...number('temperature'),
    ...number('maxUsd'),
    ...number('marginPoints'),
    ...number('seed'),
    ...(form.useGold ? { useGold: true } : {}),
    ...(form.approval ? { approval: true } : {}),
  };
}

/** The form of a run's input. A name that was made from the input goes: another input has another. */
export function formOf(input: DistilInput): RequestForm {
  const made = input.name !== undefined && /^distil-[0-9a-f]{12}$/.test(input.name);
  const { dataset, student, nSamples, keepBest, temperature, maxUsd, marginPoints, seed, useGold, approval } = input;
  const texts = { name: made ? '' : (input.name ?? ''), teacher: input.teacher ?? '', alias: input.alias ?? '' };
  return { dataset, student, ...texts, nSamples, keepBest, temperature, maxUsd, marginPoints, seed, useGold, approval };
}

/** A run that was refused before it began says `field: sentence`: the sentence by its field, where the form has that. */
export function refusalsOf(error: string | null): Record<string, string> {
  const [, field, sentence] = /^(\w+): (.+)$/s.exec(error ?? '') ?? [];
  return field !== undefined && sentence !== undefined && field in EMPTY_FORM ? { [field]: sentence } : {};
}

const OPTIONS: Record<Exclude<keyof RequestForm, 'dataset'>, string> = {
  name: '--name',
  teacher: '--teacher',
  student: '--student',
  alias: '--alias',
  nSamples: '--n-samples',
  keepBest: '--keep-best',
  temperature: '--temperature',
  maxUsd: '--max-usd',
  marginPoints: '--margin-points',
  seed: '--seed',
  useGold: '--use-gold',
  approval: '--approval',
};

/** The command line that starts the same run: what stands at its default is left out. */
export function commandOf(form: RequestForm): string {
  const options = Object.entries(requestOf(form)).flatMap(([key, value]) => {
    const name = OPTIONS[key as keyof typeof OPTIONS];
    if (name === undefined || typeof value === 'object' || value === EMPTY_FORM[key as keyof RequestForm]) return [];
    return [value === true ? name : `${name} ${String(value)}`];
  });
  return ['npm run stillhouse -- distil', form.dataset || '<dataset>', ...options, '--watch'].join(' ');
}
