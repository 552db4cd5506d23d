/** One position; `extras` is absent where there are none. */
export interface Item {
  name: string;
  /** In whole cents. */
  cents: number;
  extras: string[];
}

/** What a message says: the gold answer of the extraction task. */
export interface Order {
  kind: Kind;
  customer: string;
  date: CalendarDate;
  items: Item[];
  /** In whole cents; the sum of the items in what the generator makes. */
  totalCents: number;
}

export const KINDS = ['order', 'invoice', 'booking'] as const;
export type Kind = (typeof KINDS)[number];

/** Month and day from 1. */
export interface CalendarDate {
  year: number;
  month: number;
  day: number;
}

/** What the application asks; the fields in the order of the answer. */
export const SYSTEM = 'JSON: kind, customer, date, items (name, price, extras), total';

/** The answer as the task wants it: one line of JSON, dates as ISO 8601, amounts with two decimals. */
export function answerOf(order: Order, more: Record<string, string> = {}): string {
  const items = order.items.map(({ name, cents, extras }) => {
    const list = extras.length > 0 ? `,"extras":${JSON.stringify(extras)}` : '';
    return `{"name":${JSON.stringify(name)},"price":${amountOf(cents)}${list}}`;
  });
  const rest = Object.entries(more).map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const { kind, customer, date, totalCents } = order;
  return `{"kind":"${kind}","customer":${JSON.stringify(customer)},"date":"${isoOf(date)}","items":[${items.join(',')}],"total":${amountOf(totalCents)}${rest.join('')}}`;
}

export function amountOf(cents: number): string {
  return (cents / 100).toFixed(2);
}

export function isoOf({ year, month, day }: CalendarDate): string {
  return `${year}-${twoDigits(month)}-${twoDigits(day)}`;
}

export function twoDigits(n: number): string {
  return String(n).padStart(2, '0');
}
