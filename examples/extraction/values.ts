/**
 * Values of the messages. `seen` is what training and validation messages draw from, `unseen` what test messages do: no name,
 * no good and no year is in both.
 */
export const VALUES = {
  firstNames: {
    seen: 'Mara Jonas Edith Pavel Ingrid Tomas Leila Oscar Hanna Viktor Nadia Emil Sofia Bruno Clara Felix Greta Hugo Irene Karl Lotte Milan Olga Rosa'.split(
      ' ',
    ),
    unseen: 'Anton Berta Dario Elin Fritz Gloria Henrik Ida Jakob Kira Ludwig Marta Nils Petra'.split(' '),
  },
  lastNames: {
    seen: 'Lindqvist Ferrer Novak Okafor Hartmann Duarte Silva Kowalski Berger Moretti Jensen Petrov Fischer Molina Larsen Weber Costa Horvat Olsen Maier Santos Keller Bianchi Roth'.split(
      ' ',
    ),
    unseen: 'Albers Brandt Castell Dvorak Ekman Fontana Garner Holt Ivanov Jelinek Kuhn Lombard Merkel Nowak'.split(' '),
  },
  goods: {
    seen: 'Oak shelf,Brass lamp,Garden chair,Wool carpet,Copper kettle,Desk mat,Mirror,Wall clock,Linen curtain,Flower pot,Double room,Boat tour,Sauna hour,Tea set,Paper roll,Toner,Printer stand,Bread basket'.split(
      ',',
    ),
    unseen:
      'Pine bench,Silver tray,Parasol,Felt rug,Iron pan,Foot rest,Frame,Door bell,Cotton towel,Plant box,Single room,Bus tour,Gym pass,Coffee mug'.split(
        ',',
      ),
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
