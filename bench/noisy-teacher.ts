import { dot } from '../core/learning/dense.ts';
import { type Matrix, rowOf, zeros } from '../core/learning/matrix.ts';
import { shuffled } from '../core/random.ts';

/** A message with its intent and, for the teacher, its sentence vector. */
export interface Message {
  text: string;
  label: string;
  vector: Float32Array;
}

/** What a teacher answered to a message, once for each sample. */
export interface Labelled {
  text: string;
  label: string;
  samples: string[];
}

/**
 * A teacher that errs as models do: 3 % of the messages it always gets wrong in the same way, 3 % of the calls go wrong
 * at random, and what it says instead is one of the three intents nearest to the message.
 */
export function noisyTeacher(messages: readonly Message[], samples: number, random: () => number): (message: Message) => Labelled {
  const labels = [...new Set(messages.map(({ label }) => label))].sort();
  const centres = centresOf(messages, labels);
  return ({ text, label, vector }) => {
    const confused = labels
      .map((other, k) => ({ other, cosine: other === label ? -Infinity : dot(vector, rowOf(centres, k)) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 3)
      .map(({ other }) => other);
    const wrong = () => confused[Math.floor(random() * confused.length)]!;
    const always = random() < 0.03 ? wrong() : null;
    return { text, label, samples: Array.from({ length: samples }, () => always ?? (random() < 0.03 ? wrong() : label)) };
  };
}

function centresOf(messages: readonly Message[], labels: readonly string[]): Matrix {
  const centres = zeros(labels.length, messages[0]!.vector.length);
  for (const { label, vector } of messages) {
    const centre = rowOf(centres, labels.indexOf(label));
    vector.forEach((value, j) => (centre[j]! += value));
  }
  for (let k = 0; k < labels.length; k++) {
    const centre = rowOf(centres, k);
    const length = Math.sqrt(dot(centre, centre));
    centre.forEach((value, j) => (centre[j] = value / length));
  }
  return centres;
}

/** `n` messages by chance, and the rest. */
export function draw(messages: readonly Message[], n: number, random: () => number): { drawn: Message[]; rest: Message[] } {
  const order = [...shuffled(messages.length, random)].map((i) => messages[i]!);
  return { drawn: order.slice(0, n), rest: order.slice(n) };
}
