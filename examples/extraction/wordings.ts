import type { Kind } from './order.ts';

export type Familiarity = 'seen' | 'unseen';

interface Wordings {
  /** `{}` is the value. These two also say which kind of message it is. */
  customer: Record<Kind, string[]>;
  date: Record<Kind, string[]>;
  items: string[];
  total: string[];
  /** Name and price; extras follow the name in brackets. */
  item: string[];
  itemJoint: string[];
  opening: string[];
  closing: string[];
}

/** How messages say it. Test messages have the `unseen` half: nothing of it is in a training message. */
export const WORDINGS: Record<Familiarity, Wordings> = {
  seen: {
    customer: {
      order: ['order for {}', '{} would like to order', 'please send this to {}', '{} orders', 'new order by {}'],
      invoice: ['invoice to {}', 'bill for {}', '{} owes us', 'billed to {}', 'we charge {}'],
      booking: ['booking for {}', '{} books', 'reserved for {}', 'please reserve for {}', 'we stay as {}'],
    },
    date: {
      order: ['deliver by {}', 'needed on {}', 'shipping {}', 'to arrive {}'],
      invoice: ['payment by {}', 'to be paid until {}', 'dated {}', 'settle it by {}'],
      booking: ['coming on {}', 'staying from {}', 'check-in {}', 'for the {}'],
    },
    items: ['with {}', 'namely {}', 'positions: {}', 'it holds {}', 'these are {}'],
    total: ['total {}', 'that makes {}', '{} in all', 'sum {}', 'together {}'],
    item: ['{} for {}', '{} @ {}', '{}: {}', '{} at {}'],
    itemJoint: [', ', '; ', ' and ', ' + '],
    opening: ['', 'Hi. ', 'Hello team, ', 'To the office: ', 'Good morning. '],
    closing: ['.', '. Thank you.', '. Regards', '!'],
  },
  unseen: {
    customer: {
      order: ['{} wants to order', 'ordered by {}', 'send the order to {}'],
      invoice: ['invoiced to {}', '{} has a bill', 'this invoice is for {}'],
      booking: ['{} reserved', 'a booking by {}', 'booked by {}'],
    },
    date: {
      order: ['deliver it on {}', 'not later than {}', 'needed by {}'],
      invoice: ['pay it by {}', 'payment until {}', 'to be settled {}'],
      booking: ['we come {}', 'check in on {}', 'staying on {}'],
    },
    items: ['including {}', 'in detail: {}', 'the list is {}'],
    total: ['altogether {}', 'the total is {}', 'the sum of {}'],
    item: ['{} costs {}', '{} - {}', '{} ({})'],
    itemJoint: [', ', ' / ', ' as well as '],
    opening: ['Dear all, ', 'Good evening. ', 'Short note: '],
    closing: ['. Cheers', '. Many thanks!', ' .'],
  },
};
