/** Pictures of the bench's figures as plain SVG: every seed a dot, the median a line. */
import { median } from '../../core/statistics/median.ts';

export interface DotPanel {
  title: string;
  /** Lowest and highest value of the axis, 0 to 1. */
  range: [low: number, high: number];
  groups: { name: string; values: number[] }[];
}

const PANEL = { height: 300, left: 52, right: 12, top: 64, bottom: 46 };
/** A group's name and median stand below it on one line each. */
const GROUP_WIDTH = 105;
const COLOURS = ['#0b6e99', '#b4530a', '#3f7d20', '#7a3e9d', '#5c5f66'];

/** Panels side by side, values in per cent. A group's dots lie side by side in the order of the seeds. */
export function dotPicture(title: string, panels: readonly DotPanel[]): string {
  const panelWidth = PANEL.left + PANEL.right + GROUP_WIDTH * Math.max(...panels.map(({ groups }) => groups.length));
  const width = panels.length * panelWidth;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" width="${width}" height="${PANEL.height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<rect width="${width}" height="${PANEL.height}" fill="#fff"/>`,
    text(width / 2, 22, title, 'middle', 'font-size="15" font-weight="600"'),
    ...panels.map((panel, i) => `<g transform="translate(${i * panelWidth} 0)">${panelOf(panel, panelWidth)}</g>`),
    '</svg>\n',
  ].join('\n');
}

function panelOf({ title, range, groups }: DotPanel, width: number): string {
  const [low, high] = range;
  const right = width - PANEL.right;
  const bottom = PANEL.height - PANEL.bottom;
  const y = (value: number) => bottom - ((value - low) / (high - low)) * (bottom - PANEL.top);
  const ticks = ticksOf(low, high).map((value) =>
    [
      `<line x1="${PANEL.left}" x2="${right}" y1="${fixed(y(value))}" y2="${fixed(y(value))}" stroke="#ddd"/>`,
      text(PANEL.left - 6, y(value) + 4, `${Math.round(100 * value)} %`, 'end'),
    ].join(''),
  );
  const step = (right - PANEL.left) / groups.length;
  return [
    text((PANEL.left + right) / 2, 48, title, 'middle', 'font-size="13"'),
    ...ticks,
    ...groups.map(({ name, values }, i) => groupOf(name, values, PANEL.left + (i + 0.5) * step, step, y, COLOURS[i % COLOURS.length]!)),
  ].join('\n');
}

function groupOf(name: string, values: number[], x: number, step: number, y: (value: number) => number, colour: string): string {
  const spread = Math.min(14, (0.7 * step) / Math.max(1, values.length));
  const dots = values.map(
    (value, i) =>
      `<circle cx="${fixed(x + (i - (values.length - 1) / 2) * spread)}" cy="${fixed(y(value))}" r="4" fill="${colour}" fill-opacity="0.75"/>`,
  );
  const middle = median(values);
  const half = 0.4 * step;
  const line =
    middle === null
      ? []
      : [
          `<line x1="${fixed(x - half)}" x2="${fixed(x + half)}" y1="${fixed(y(middle))}" y2="${fixed(y(middle))}" stroke="${colour}" stroke-width="2"/>`,
          text(x, PANEL.height - 12, `median ${(100 * middle).toFixed(1)} %`, 'middle', `fill="${colour}"`),
        ];
  return [...dots, ...line, text(x, PANEL.height - 28, name, 'middle')].join('');
}

function ticksOf(low: number, high: number): number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((size) => (high - low) / size <= 6) ?? 0.2;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

/** A range that holds the values, to whole steps of 5 %. */
export function rangeOf(values: readonly number[]): [number, number] {
  const low = Math.floor(20 * Math.min(...values) - 0.2) / 20;
  const high = Math.ceil(20 * Math.max(...values) + 0.2) / 20;
  return [Math.max(0, low), Math.min(1, Math.max(high, low + 0.1))];
}

function text(x: number, y: number, words: string, anchor: string, more = ''): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" ${more}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
