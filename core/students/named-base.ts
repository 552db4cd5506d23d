import { type BaseShape, catalogued, shapeOf } from './base-shape.ts';
import type { StudentChoice } from './student-name.ts';

/** What can be said of a student's base by its name alone, before a worker has inspected it. */
export interface NamedBase {
  id: string;
  licence: string | null;
  gated: boolean;
  contextTokens: number | null;
  /** Null where the name says nothing of the size. */
  shape: BaseShape | null;
}

/** The project's own base, as `build-base` makes it (`docs/training.md`): two layers of 256. */
export const BUILT_IN_BASE = {
  id: 'stillhouse-mini',
  contextTokens: 512,
  licence: 'apache-2.0',
  shape: { parameters: 2_615_552, layers: 2, hidden: 256, keyWidth: 256, vocabulary: 3556 },
} as const;

/** Vocabulary of a base that nobody knows: that of the families of these years. */
const USUAL_VOCABULARY = 128_000;

/** The base behind a choice; null for an encoder, which stands on none. */
export function namedBase(choice: StudentChoice): NamedBase | null {
  switch (choice.kind) {
    case 'encoder':
      return null;
    case 'built-in':
      return { ...BUILT_IN_BASE, gated: false };
    case 'configured':
      return { id: choice.id, licence: null, gated: false, contextTokens: null, shape: shapeByName(choice.id) };
    case 'hub': {
      const known = catalogued(choice.id);
      if (known) return { id: known.hubId, licence: known.licence, gated: known.gated, contextTokens: known.contextTokens, shape: known };
      return { id: choice.id, licence: null, gated: false, contextTokens: null, shape: shapeByName(choice.id) };
    }
  }
}

/** Publishers write the size into the name: "Falcon3-1B-Instruct", "tiny-random-500M". */
function shapeByName(id: string): BaseShape | null {
  const [, number, unit] = /(?:^|[-_/])(\d+(?:\.\d+)?)([bm])(?=$|[-_.])/i.exec(id) ?? [];
  if (number === undefined || unit === undefined) return null;
  const parameters = Number(number) * (unit.toLowerCase() === 'b' ? 1e9 : 1e6);
  return parameters > 0 ? shapeOf({ id, parameters, vocabulary: Math.min(USUAL_VOCABULARY, parameters / 100) }) : null;
}
