import { seededRandom, shuffled } from '../../core/random.ts';
import { amountOf, type CalendarDate, isoOf, type Item, type Kind, KINDS, type Order, twoDigits } from './order.ts';
import { MONTHS, VALUES } from './values.ts';
import { type Familiarity, WORDINGS } from './wordings.ts';

export interface ExtractionMessage {
  text: string;
  order: Order;
}

export type Random = () => number;

/** `n` different messages, by seed; values and wordings each from the half that was seen in training or the other. */
export function extractionMessages(n: number, seed: number, from: { values: Familiarity; wordings: Familiarity }): ExtractionMessage[] {
  const random = seededRandom(seed);
  const made = new Map<string, ExtractionMessage>();
  while (made.size < n) {
    const order = drawOrder(random, from.values);
    const text = textOf(order, random, from.wordings);
    made.set(text, { text, order });
  }
  return [...made.values()];
}

function drawOrder(random: Random, values: Familiarity): Order {
  const [firstNames, lastNames, goods] = [VALUES.firstNames[values], VALUES.lastNames[values], VALUES.goods[values]];
  const count = pick([1, 2, 2, 3], random);
  const items = [...shuffled(goods.length, random)].slice(0, count).map((place): Item => {
    // Half prices, and two digits before the point: the sum has at most three.
    const cents = 50 * Math.floor(4 + random() * 190);
    const extras = random() < 0.3 ? draw<string>(VALUES.extras[values], pick([1, 1, 2], random), random) : [];
    return { name: goods[place]!, cents, extras };
  });
  return {
    kind: pick(KINDS, random),
    customer: `${pick(firstNames, random)} ${pick(lastNames, random)}`,
    date: { year: pick<number>(VALUES.years[values], random), month: 1 + Math.floor(random() * 12), day: 1 + Math.floor(random() * 28) },
    items,
    totalCents: items.reduce((sum, { cents }) => sum + cents, 0),
  };
}

function textOf(order: Order, random: Random, wordings: Familiarity): string {
  const say = WORDINGS[wordings];
  const style = pick(say.item, random);
  const money = pick(['{}', '{} EUR', '€{}'], random);
  const priced = (cents: number) => money.replace('{}', amountOf(cents));
  const items = order.items.map(({ name, cents, extras }) => {
    const shown = extras.length > 0 ? `${name} (${extras.join('/')})` : name;
    return style.replace('{}', shown).replace('{}', priced(cents));
  });
  const kind: Kind = order.kind;
  const parts = [
    pick(say.date[kind], random).replace('{}', writtenDate(order.date, random)),
    pick(say.items, random).replace('{}', items.join(pick(say.itemJoint, random))),
    pick(say.total, random).replace('{}', priced(order.totalCents)),
  ];
  const clauses = [pick(say.customer[kind], random).replace('{}', order.customer), ...[...shuffled(3, random)].map((at) => parts[at]!)];
  const joint = pick([', ', '. ', '; '], random);
  const text = clauses.map((clause) => (joint === '. ' ? capitalised(clause) : clause)).join(joint);
  return `${pick(say.opening, random)}${capitalised(text)}${pick(say.closing, random)}`;
}

function writtenDate(date: CalendarDate, random: Random): string {
  const { year, month, day } = date;
  const name = MONTHS[month - 1]!;
  return pick([`${day} ${name} ${year}`, `${name} ${day}, ${year}`, `${twoDigits(day)}.${twoDigits(month)}.${year}`, isoOf(date)], random);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** One of them by chance. */
export function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random() * from.length)]!;
}

function draw<T>(from: readonly T[], n: number, random: Random): T[] {
  return [...shuffled(from.length, random)].slice(0, n).map((place) => from[place]!);
}
