import type { z } from 'zod';
import type { Budget, KeyInput, KeyLimits } from '../../../../contracts/keys.ts';
import { localTime } from '../format/time.ts';

/** What a field for a number holds: the empty text is no limit. */
export type Amount = number | string;

/** A key as it is being written. */
export interface KeyDraft {
  name: string;
  aliases: string[];
  models: string[];
  limits: Record<keyof KeyLimits, Amount>;
  /** Local, as a field for a time has it; empty: it does not expire. */
  expires: string;
}

/** What the API takes of a draft, for a new key as for a change. */
type KeyBody = Required<z.input<typeof KeyInput>>;

/** A draft of what stands now, or of a key that may do everything. */
export function draftOf(key: Pick<KeyInput, 'name' | 'aliases' | 'models' | 'limits' | 'expiresAt'> | null): KeyDraft {
  const { requestsPerMinute = null, tokensPerMinute = null, usdPerDay = null, usdPerMonth = null } = key?.limits ?? {};
  return {
    name: key?.name ?? '',
    aliases: key?.aliases ?? [],
    models: key?.models ?? [],
    limits: {
      requestsPerMinute: requestsPerMinute ?? '',
      tokensPerMinute: tokensPerMinute ?? '',
      usdPerDay: usdPerDay ?? '',
      usdPerMonth: usdPerMonth ?? '',
    },
    expires: key?.expiresAt ? localTime(key.expiresAt) : '',
  };
}

/** The body that a draft becomes. */
export function inputOf({ name, aliases, models, limits, expires }: KeyDraft): KeyBody {
  const { requestsPerMinute, tokensPerMinute } = limits;
  return {
    name: name.trim(),
    aliases,
    models,
    limits: { requestsPerMinute: limitOf(requestsPerMinute), tokensPerMinute: limitOf(tokensPerMinute), ...budgetOf(limits) },
    expiresAt: expires === '' ? null : new Date(expires).toISOString(),
  };
}

/** The dollars of a draft, of a key's or a project's. */
export function budgetOf({ usdPerDay, usdPerMonth }: Record<keyof Budget, Amount>): Budget {
  return { usdPerDay: limitOf(usdPerDay), usdPerMonth: limitOf(usdPerMonth) };
}

function limitOf(amount: Amount): number | null {
  return amount === '' ? null : Number(amount);
}
