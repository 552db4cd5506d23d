import type { ForgetRequest } from '../../../../contracts/forget.ts';
import { pairsOf } from './trace-search.ts';

/** Whose calls are to be forgotten, as it is being written; all that is named is. */
export interface ForgetDraft {
  user: string;
  session: string;
  /** `key=value`, more of them behind commas: a call carries all. */
  meta: string;
  /** Ids of traces, between white space or commas. */
  ids: string;
}

/** The request of a draft; null: it names nobody. */
export function forgetRequestOf({ user, session, meta, ids }: ForgetDraft): ForgetRequest | null {
  const listed = ids.split(/[\s,]+/).filter((id) => id !== '');
  const metadata = pairsOf(meta);
  const request = {
    ...(user === '' ? {} : { user }),
    ...(session === '' ? {} : { session }),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(listed.length > 0 ? { ids: listed } : {}),
  };
  return Object.keys(request).length > 0 ? request : null;
}

/** What the address of the page says: who it begins with, and the forgetting that is followed. */
export type ForgetSearch = Partial<Pick<ForgetDraft, 'user' | 'session' | 'meta'>> & { run?: string };

/** Reads it; what is not understood is left out. */
export function readForgetSearch(search: Record<string, unknown>): ForgetSearch {
  const read: ForgetSearch = {};
  for (const key of ['user', 'session', 'meta', 'run'] as const) {
    const value = search[key];
    if (['string', 'number'].includes(typeof value) && value !== '') read[key] = String(value);
  }
  return read;
}
