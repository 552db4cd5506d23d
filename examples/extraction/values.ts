/** Every beginning with every ending. */
function combined(beginnings: string, endings: string, joint = ''): string[] {
  return beginnings.split(' ').flatMap((beginning) => endings.split(' ').map((ending) => beginning + joint + ending));
}

/**
 * Values of the messages. `seen` is what training and validation messages draw from, `unseen` what test messages do: no name,
 * no good and no year is in both. Names and goods are hundreds, as in real messages: what is met once must be copied, not
 * remembered.
 */
export const VALUES = {
  firstNames: {
    seen: combined('Mar Jon Ed Pav Ing Tom Lei Osc Han Vik Nad Em Sof Brun Clar Fel Gret Hug Ir Kar Lot Mil Ros', 'a is en ard o'),
    unseen: combined('Ant Bert Dar El Fritz Glor Hen Id Jak Kir Lud Nil Petr', 'e us in'),
  },
  lastNames: {
    seen: combined(
      'Lind Ferr Nov Okaf Hart Duar Silv Kowal Berg Moret Jens Petr Fisch Mol Lars Web Horv Ols Mai Kell',
      'qvist er ak mann sen ini ova ley',
    ),
    unseen: combined('Alb Brand Cast Dvor Ekm Font Garn Holt Ivan Jel Kuhn Lomb', 'ers ek ana ov ett'),
  },
  goods: {
    seen: combined(
      'Oak Brass Garden Wool Copper Desk Wall Linen Double Large Paper Tea Bread Guest Winter',
      'shelf lamp chair carpet kettle mat clock curtain room tour set roll stand basket',
      ' ',
    ),
    unseen: combined('Pine Silver Felt Iron Foot Door Cotton', 'bench tray rug pan rest bell towel box pass mug', ' '),
  },
  extras: { seen: ['blue', 'framed', 'large', 'matt', 'express', 'wrapped'], unseen: ['green', 'small', 'glossy', 'signed'] },
  years: { seen: [2023, 2024, 2025, 2026], unseen: [2027, 2028] },
} as const;

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
