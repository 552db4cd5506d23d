import type { StudentBase } from '../../contracts/students.ts';
import { type BaseShape, catalogued, shapeOf } from './base-shape.ts';
import { tasksFor } from './catalogue.ts';
import { trainingBytes } from './memory.ts';
import type { StudentChoice } from './student-name.ts';

/** What can be said of a student's base by its name alone, before a worker has inspected it. */
export interface NamedBase {
  id: string;
  licence: string | null;
  gated: boolean;
  family: string;
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

const UNKNOWN = { licence: null, gated: false, contextTokens: null };

/** The base behind a choice; null for an encoder, which stands on none, and for a model that its provider keeps. */
export function namedBase(choice: StudentChoice): NamedBase | null {
  switch (choice.kind) {
    case 'encoder':
    case 'hosted':
      return null;
    case 'built-in':
      return { ...BUILT_IN_BASE, gated: false, family: 'Built in' };
    case 'configured':
      return { ...UNKNOWN, id: choice.id, family: 'Configured', shape: shapeByName(choice.id) };
    case 'hub': {
      const known = catalogued(choice.id);
      if (!known) return { ...UNKNOWN, id: choice.id, family: 'Hub', shape: shapeByName(choice.id) };
      const { hubId, licence, gated, family, contextTokens } = known;
      return { id: hubId, licence, gated, family, contextTokens, shape: known };
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

/** The least that is usual: one row, its best and worst answer, activations made again. */
const ONE_ROW = { loraRank: 16, sequences: 2, tokens: 512, answerTokens: 64, gradientCheckpointing: true };

/** A student's name and what it would be trained on. The built-in base is made for labels, whatever its size. */
export function studentBase(name: string, choice: StudentChoice): StudentBase {
  const base = namedBase(choice);
  if (base === null) {
    const size = { parameters: null, licence: 'apache-2.0', gated: false, contextTokens: 256 };
    return { name, family: 'Encoder', kind: 'encoder', base: null, ...size, taskFloor: ['label'], trainBytes: null };
  }
  const { id, family, licence, gated, contextTokens, shape } = base;
  const parameters = shape?.parameters ?? null;
  const taskFloor = choice.kind === 'built-in' ? ['label'] : parameters === null ? [] : tasksFor(parameters);
  const at = (precision: '16 bit' | '4 bit') => trainingBytes(shape!, { ...ONE_ROW, precision }).total;
  const trainBytes = shape && { bits16: at('16 bit'), bits4: at('4 bit') };
  return { name, family, kind: 'language-model', base: id, parameters, licence, gated, contextTokens, taskFloor, trainBytes };
}
