import { numberIn } from '../chat-parts.ts';
import { cannot } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import type { Abilities } from './models.ts';

export const SAMPLING = ['temperature', 'top_p', 'top_k'] as const;

type Sampling = Partial<Record<(typeof SAMPLING)[number], number>>;

/** What of sampling a model takes; `budgeted`: beside a budget of thinking. Throws `invalid_request` with the field's name; a lenient call goes on without it. */
export function claudeSampling(
  provider: string,
  { body, lenient, model }: DialectCall,
  { samples }: Abilities,
  budgeted: boolean,
): Sampling {
  const asked: Sampling = {};
  for (const field of SAMPLING) {
    const value = numberIn(body, field);
    if (value !== undefined) asked[field] = value;
  }
  // What is the default anyway, and might be one too many.
  if (samples !== 'all') for (const field of ['temperature', 'top_p'] as const) if (asked[field] === 1) delete asked[field];
  for (const field of SAMPLING) {
    if (asked[field] === undefined) continue;
    const what = samples === 'none' ? `'${field}' with ${model}` : refusedSampling(field, asked, budgeted, samples === 'one');
    if (what === null) continue;
    if (!lenient) throw cannot(provider, field, what);
    delete asked[field];
  }
  return asked;
}

function refusedSampling(field: (typeof SAMPLING)[number], asked: Sampling, budgeted: boolean, one: boolean): string | null {
  const value = asked[field]!;
  switch (field) {
    case 'temperature':
      // OpenAI's goes up to 2.
      if (budgeted && value !== 1) return "a 'temperature' other than 1 while it thinks";
      return value > 1 ? "a 'temperature' above 1" : null;
    case 'top_p':
      if (budgeted && value < 0.95) return "a 'top_p' below 0.95 while it thinks";
      return one && asked.temperature !== undefined ? "'top_p' beside 'temperature'" : null;
    case 'top_k':
      return budgeted ? "'top_k' while it thinks" : null;
  }
}
