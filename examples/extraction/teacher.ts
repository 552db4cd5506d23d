import { seededRandom } from '../../core/random.ts';
import type { ExtractionMessage, Random } from './messages.ts';
import { pick } from './messages.ts';
import { answerOf, type Order } from './order.ts';

/**
 * A SIMULATED teacher: it knows the gold answer and spoils it, as models do, in grades. No part of the product calls it; it stands
 * where a dear model would, so that the task can be measured without one.
 *
 * A call makes each error with its own chance. In a share of the messages one error is the message's own: all calls make the same.
 */
export function simulatedTeacher(samples: number, seed: number): (message: ExtractionMessage) => string[] {
  const random = seededRandom(seed);
  return ({ order }) => {
    const own = random() < SYSTEMATIC ? pick(ERRORS, random) : null;
    // The same numbers in each call: the same item is dropped, the same digit is wrong.
    const ownSeed = Math.floor(random() * 2 ** 31);
    return Array.from({ length: samples }, () => {
      const draft: Draft = { order: structuredClone(order), more: {} };
      own?.spoil(draft, seededRandom(ownSeed));
      for (const { chance, spoil } of ERRORS) if (random() < chance) spoil(draft, random);
      return answerOf(draft.order, draft.more);
    });
  };
}

/** Share of the messages that all calls get wrong in the same way. */
const SYSTEMATIC = 0.08;

interface Draft {
  order: Order;
  more: Record<string, string>;
}

interface TeacherError {
  name: string;
  /** In a call. */
  chance: number;
  spoil: (draft: Draft, random: Random) => void;
}

const ERRORS: readonly TeacherError[] = [
  {
    name: 'an item is left out',
    chance: 0.15,
    spoil: ({ order }, random) => {
      if (order.items.length > 1) order.items.splice(Math.floor(random() * order.items.length), 1);
    },
  },
  {
    name: 'a price is wrong',
    chance: 0.1,
    spoil: ({ order }, random) => {
      const item = pick(order.items, random);
      item.cents = pick([item.cents + 1000, Math.max(50, item.cents - 50), item.cents * 10], random);
    },
  },
  {
    name: 'the total is another amount of the message',
    chance: 0.1,
    spoil: ({ order }, random) => {
      order.totalCents = order.items.length > 1 ? pick(order.items, random).cents : order.totalCents + 100;
    },
  },
  {
    name: 'day and month change places',
    chance: 0.12,
    spoil: ({ order }) => {
      const { year, month, day } = order.date;
      order.date = { year, month: day, day: month };
    },
  },
  {
    name: 'the last name is left out',
    chance: 0.08,
    spoil: ({ order }) => {
      order.customer = order.customer.split(' ')[0]!;
    },
  },
  {
    name: 'extras are left out',
    chance: 0.15,
    spoil: ({ order }) => {
      for (const item of order.items) item.extras = [];
    },
  },
  {
    name: 'a field that nobody asked for',
    chance: 0.12,
    spoil: ({ more }, random) => {
      more[pick(['currency', 'status', 'phone'], random)] = pick(['EUR', 'open', 'unknown'], random);
    },
  },
];
