/**
 * How far two JSON answers agree, field by field, and how far each of several agrees with the others.
 *
 * A field is a leaf of the value: the path to it and what stands there. Places in a list have no number: an item counts
 * wherever it stands, so one that is missing costs its own fields and does not move the rest. The price: two items that swap
 * their amounts agree in all fields; that is what an exact comparison beside it is for. Fields that occur several times count
 * as often as they occur in both. An empty list or object has no fields. The trainer's score.py counts in the same way.
 */

/** Each field of a JSON value, and how often it occurs. */
export type Fields = Map<string, number>;

/** Fields of a JSON text; null where it is no JSON. */
export function fieldsOf(text: string): Fields | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const fields: Fields = new Map();
  collect(value, [], fields);
  return fields;
}

/** F1 of the fields of two answers, 0 to 1: 2·shared / (fields of one + fields of the other). What is no JSON agrees with its own text alone. */
export function fieldF1(answer: string, reference: string): number {
  const [found, wanted] = [fieldsOf(answer), fieldsOf(reference)];
  if (found === null || wanted === null) return answer.trim() === reference.trim() ? 1 : 0;
  return f1(found, wanted);
}

/**
 * Each answer's mean F1 with the other answers to the same prompt, 0 to 1; one alone gets 1. The answer with the highest is the
 * one of least expected loss where the samples stand for what may be right (minimum Bayes risk: Kumar and Byrne, NAACL 2004, eq. 2;
 * with equal answers as the only gain it is the majority vote of self-consistency, Wang et al., arXiv 2203.11171).
 */
export function meanAgreements(answers: readonly string[]): number[] {
  if (answers.length < 2) return answers.map(() => 1);
  const fields = answers.map(fieldsOf);
  const agreement = (i: number, j: number) => {
    const [one, other] = [fields[i] ?? null, fields[j] ?? null];
    return one === null || other === null ? fieldF1(answers[i]!, answers[j]!) : f1(one, other);
  };
  return answers.map((_, i) => {
    let sum = 0;
    // In another order the same numbers could differ in the last bit, and equal answers would no longer tie.
    const others = answers.flatMap((_, j) => (j === i ? [] : [agreement(i, j)])).sort((a, b) => a - b);
    for (const value of others) sum += value;
    return sum / others.length;
  });
}

function f1(found: Fields, wanted: Fields): number {
  const total = sizeOf(found) + sizeOf(wanted);
  if (total === 0) return 1;
  let shared = 0;
  for (const [field, n] of found) shared += Math.min(n, wanted.get(field) ?? 0);
  return (2 * shared) / total;
}

function sizeOf(fields: Fields): number {
  let size = 0;
  for (const n of fields.values()) size += n;
  return size;
}

function collect(value: unknown, path: (string | null)[], fields: Fields): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, [...path, null], fields);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) collect(item, [...path, key], fields);
  } else {
    const field = JSON.stringify([...path, value]);
    fields.set(field, (fields.get(field) ?? 0) + 1);
  }
}
