import type { InspectedBase } from '../../contracts/language-model.ts';
import { type CatalogueEntry, STUDENT_CATALOGUE } from './catalogue.ts';

/** The sizes of a base that memory and time are reckoned from. */
export interface BaseShape {
  parameters: number;
  layers: number;
  hidden: number;
  /** Width of one token's keys in a layer; its values are as wide. */
  keyWidth: number;
  vocabulary: number;
}

/** Width over depth of a base that is not in the catalogue: those of Llama 7B to 70B are 102 to 128. */
const USUAL_ASPECT = 128;

/** The catalogue's entry of a short name or a hub id. */
export function catalogued(nameOrId: string): CatalogueEntry | null {
  const wanted = nameOrId.toLowerCase();
  return STUDENT_CATALOGUE.find((entry) => entry.name === wanted || entry.hubId.toLowerCase() === wanted) ?? null;
}

/**
 * The shape of an inspected base: the catalogue's, else from its size: a decoder has about 12 · layers · hidden² weights
 * beside its embeddings (J. Kaplan et al., arXiv 2001.08361, table 1).
 */
export function shapeOf(base: Pick<InspectedBase, 'id' | 'parameters' | 'vocabulary'>): BaseShape {
  const known = catalogued(base.id);
  if (known) return known;
  // h³ · 12 / aspect + V · h = N, solved by Newton from above
  const cubic = 12 / USUAL_ASPECT;
  let hidden = (base.parameters / cubic) ** (1 / 3);
  for (let step = 0; step < 20; step++) {
    const excess = cubic * hidden ** 3 + base.vocabulary * hidden - base.parameters;
    hidden -= excess / (3 * cubic * hidden ** 2 + base.vocabulary);
  }
  hidden = Math.max(8, Math.round(hidden));
  const layers = Math.max(1, Math.round(hidden / USUAL_ASPECT));
  return { parameters: base.parameters, layers, hidden, keyWidth: hidden, vocabulary: base.vocabulary };
}
