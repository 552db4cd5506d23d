import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A customer's message and the intent that Banking77's annotators gave it. */
export interface LabelledMessage {
  text: string;
  label: string;
}

/** The ten intents that the demo uses. */
export const DEMO_LABELS = [
  'card_arrival',
  'card_linking',
  'exchange_rate',
  'lost_or_stolen_card',
  'pin_blocked',
  'top_up_failed',
  'declined_card_payment',
  'cash_withdrawal_charge',
  'age_limit',
  'terminate_account',
] as const;

/** Banking77's train or test file, in the file's order. */
export function readBanking77(file: 'train' | 'test'): LabelledMessage[] {
  const text = readFileSync(new URL(`data/${file}.csv`, import.meta.url), 'utf8');
  return parseCsv(text)
    .slice(1)
    .flatMap(([message, label]) => (message === undefined || label === undefined ? [] : [{ text: message, label }]));
}

/** The messages of the given intents in an order that is stable but mixes intents: by hash of the text. */
export function demoMessages(file: 'train' | 'test', labels: readonly string[] = DEMO_LABELS): LabelledMessage[] {
  const order = (message: LabelledMessage) => createHash('sha256').update(message.text).digest('hex');
  return readBanking77(file)
    .filter((message) => labels.includes(message.label))
    .map((message) => ({ message, key: order(message) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ message }) => message);
}

/** RFC 4180: quoted cells may hold commas, doubled quotes and line breaks. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',') {
      row.push(cell);
      cell = '';
    } else if (char === '\n') {
      row.push(cell.replace(/\r$/, ''));
      rows.push(row);
      row = [];
      cell = '';
    } else cell += char;
  }
  if (cell || row.length > 0) rows.push([...row, cell]);
  return rows;
}
