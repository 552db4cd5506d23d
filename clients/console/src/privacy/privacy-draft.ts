import type { ProjectView } from '../../../../contracts/keys.ts';
import type { Detector, Privacy } from '../../../../contracts/privacy.ts';

// Written out: the contracts' own lists would bring zod into the browser.
/** What is looked for, and what takes its place. */
export const DETECTORS: Record<Detector, string> = {
  email: 'E-mail addresses',
  phone: 'Phone numbers',
  card: 'Card numbers',
  secret: 'Secrets: API keys, tokens, private keys',
  image: 'Pictures in requests',
};

/** What is being said of a project; numbers as their fields have them. */
export interface PrivacyDraft {
  keepDays: number | string;
  storePercent: number | string;
  mask: string[];
  /** `name=pattern`, one a line. */
  patterns: string;
  fields: string[];
}

/** What stands now. */
export function draftOf({ retentionDays, privacy }: Pick<ProjectView, 'retentionDays' | 'privacy'>): PrivacyDraft {
  return {
    keepDays: retentionDays ?? '',
    storePercent: Math.round((privacy?.storeBodies ?? 1) * 1e6) / 1e4,
    mask: privacy?.mask ?? [],
    patterns: (privacy?.patterns ?? []).map(({ name, pattern }) => `${name}=${pattern}`).join('\n'),
    fields: privacy?.fields ?? [],
  };
}

/** The change to send; `privacy` is null where everything is stored as it is. */
export function changesOf(draft: PrivacyDraft): { retentionDays: number | null; privacy: Privacy | null } {
  const lines = draft.patterns.split('\n').filter((line) => line.trim() !== '');
  const privacy: Privacy = {
    storeBodies: draft.storePercent === '' ? 1 : Number(draft.storePercent) / 100,
    mask: draft.mask as Detector[],
    patterns: lines.map((line) => {
      const at = line.indexOf('=');
      // Without a name the gateway says what is missing.
      return at < 0 ? { name: '', pattern: line } : { name: line.slice(0, at).trim(), pattern: line.slice(at + 1) };
    }),
    fields: draft.fields,
  };
  const plain = privacy.storeBodies === 1 && [privacy.mask, privacy.patterns, privacy.fields].every((list) => list.length === 0);
  return { retentionDays: draft.keepDays === '' ? null : Number(draft.keepDays), privacy: plain ? null : privacy };
}
