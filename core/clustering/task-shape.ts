import { STUDENT_CATALOGUE, type StudentTask, TASK_FLOORS } from '../students/catalogue.ts';

/** What the answers of a cluster look like. */
export interface TaskShape {
  /** Of most answers. */
  kind: StudentTask;
  /** Share of the answers that look so, 0 to 1. */
  share: number;
  /** Whether it looks like one task: nearly all answers are of one shape, JSON with the same fields. */
  oneTask: boolean;
  /** Why not, for people; null for one task. */
  reason: string | null;
  /** Label tasks: the closed set, most frequent first. */
  labels: string[];
  /** JSON tasks: fields that nearly all answers have. */
  fields: string[];
  /** Median answer in characters. */
  medianCharacters: number;
  /** The smallest student that usually learns it: the encoder, or a base of the catalogue. */
  student: { name: string; parameters: number };
}

/** Labels are short … */
const LABEL_CHARACTERS = 60;
/** … and few: at most so many, and each said this often on average. */
const MOST_LABELS = 200;
const LEAST_REPEATS = 3;
/** Up to so many characters (about 250 tokens) a text is short. */
const SHORT_CHARACTERS = 1000;
/** Share of the answers that has to agree. */
const MOST = 0.9;
/** MiniLM: what an encoder student stands on. */
const ENCODER_PARAMETERS = 22_713_216;

/**
 * Whether answers look like one task and of which kind: one of a few labels (a closed set that covers nine in ten
 * answers, each label three times on average), JSON objects with the same fields, short texts or long ones; and the
 * smallest student that fits by `TASK_FLOORS`. null without answers. Empty answers (tool calls, errors) are left out.
 */
export function looksLikeOneTask(answers: readonly string[]): TaskShape | null {
  const said = answers.map((answer) => answer.trim()).filter((answer) => answer !== '');
  if (said.length === 0) return null;
  const lengths = said.map((answer) => answer.length).sort((a, b) => a - b);
  const medianCharacters = lengths[lengths.length >> 1]!;
  const base = { labels: [], fields: [], medianCharacters };
  const objects = said.map(jsonObject).filter((value) => value !== null);
  if (objects.length >= said.length / 2) return { ...base, ...jsonShape(objects, said.length), student: smallestStudent('json') };
  const closed = closedSet(said);
  if (closed) return { ...base, ...closed, student: { name: 'encoder', parameters: ENCODER_PARAMETERS } };
  const short = said.filter((answer) => answer.length <= SHORT_CHARACTERS && jsonObject(answer) === null).length;
  const kind = short * 2 >= said.length ? 'text' : 'long';
  const share = (kind === 'text' ? short : said.length - objects.length - short) / said.length;
  const oneTask = share >= MOST;
  const reason = oneTask ? null : `${percent(share)} of the answers are ${kind === 'text' ? 'short' : 'long'} texts, the rest is not`;
  return { ...base, kind, share, oneTask, reason, student: smallestStudent(kind) };
}

function jsonShape(objects: readonly Record<string, unknown>[], answers: number) {
  const counts = new Map<string, number>();
  for (const object of objects) for (const field of Object.keys(object)) counts.set(field, (counts.get(field) ?? 0) + 1);
  const fields = [...counts].filter(([, count]) => count >= MOST * objects.length).map(([field]) => field);
  const share = objects.length / answers;
  // Fields that only some objects have, as a share of all that are written.
  const common =
    fields.reduce((sum, field) => sum + counts.get(field)!, 0) /
    Math.max(
      1,
      counts.values().reduce((sum, count) => sum + count, 0),
    );
  const oneTask = share >= MOST && common >= 0.75;
  const reason = oneTask
    ? null
    : share < MOST
      ? `${percent(share)} of the answers are JSON objects, the rest is not`
      : `the answers are JSON objects with different fields: ${percent(common)} of what is written is in fields that nearly all have`;
  return { kind: 'json' as const, share, oneTask, reason, fields };
}

function closedSet(answers: readonly string[]) {
  const counts = new Map<string, number>();
  for (const answer of answers) if (answer.length <= LABEL_CHARACTERS) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const labels = [...counts].filter(([, count]) => count > 1).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const covered = labels.reduce((sum, [, count]) => sum + count, 0);
  const share = covered / answers.length;
  if (share < MOST || labels.length > MOST_LABELS || covered < LEAST_REPEATS * labels.length) return null;
  return { kind: 'label' as const, share, oneTask: true, reason: null, labels: labels.map(([label]) => label) };
}

function smallestStudent(task: StudentTask): TaskShape['student'] {
  const enough = STUDENT_CATALOGUE.filter(({ parameters, gated }) => !gated && parameters >= TASK_FLOORS[task]);
  const { name, parameters } = enough.reduce((least, entry) => (entry.parameters < least.parameters ? entry : least));
  return { name, parameters };
}

function jsonObject(answer: string): Record<string, unknown> | null {
  const fenced = /^```(?:json)?\s*([\s\S]*?)\s*```$/u.exec(answer);
  const text = fenced ? fenced[1]! : answer;
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
