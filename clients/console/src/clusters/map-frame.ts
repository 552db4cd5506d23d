/** From places on the map to pixels. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  top: number;
  /** Pixels a unit, one for each direction: the axes have no common measure. */
  scaleX: number;
  scaleY: number;
}

interface Place {
  x: number;
  y: number;
}

/** Room for the largest circle and half of a line of text. */
const MARGIN = 22;
/** Places that are nearer than this have no distance: the map's numbers are rounded. */
const LEAST_SPAN = 1e-6;

/** The frame that holds all places. */
export function frameOf(places: readonly Place[], { width, height }: { width: number; height: number }): Frame {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of places) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (!Number.isFinite(left)) [left, right, top, bottom] = [0, 1, 0, 1];
  // What lies on one line lies in the middle.
  if (right - left < LEAST_SPAN) [left, right] = [left - 0.5, left + 0.5];
  if (bottom - top < LEAST_SPAN) [top, bottom] = [top - 0.5, top + 0.5];
  const scale = (pixels: number, span: number) => Math.max(1, pixels - 2 * MARGIN) / span;
  return { width, height, left, top, scaleX: scale(width, right - left), scaleY: scale(height, bottom - top) };
}

/** Where a place lies in pixels. */
export function placeIn({ left, top, scaleX, scaleY }: Frame, { x, y }: Place): Place {
  return { x: MARGIN + (x - left) * scaleX, y: MARGIN + (y - top) * scaleY };
}

/** A hue for each cluster, neighbours in the list far apart (the golden angle). */
export function hueOf(place: number): number {
  return Math.round(20 + place * 137.508) % 360;
}

/** Which centres have room for their name: the largest first, none over another's name or centre. */
export function labelledCentres(clusters: readonly (Place & { id: string; name: string; size: number })[], frame: Frame): Set<string> {
  const taken: { left: number; right: number; y: number }[] = [];
  const labelled = new Set<string>();
  const centres = clusters.map((cluster) => ({ id: cluster.id, ...placeIn(frame, cluster) }));
  for (const cluster of clusters.toSorted((a, b) => b.size - a.size)) {
    const { x, y } = placeIn(frame, cluster);
    const wide = Math.min(34, cluster.name.length) * 6.4 + 20;
    const box = x > frame.width * 0.72 ? { left: x - wide, right: x, y } : { left: x, right: x + wide, y };
    const overlaps = taken.some((other) => Math.abs(other.y - y) < 17 && other.left < box.right && box.left < other.right);
    const covers = centres.some(
      (other) => other.id !== cluster.id && Math.abs(other.y - y) < 13 && box.left < other.x + 8 && other.x - 8 < box.right,
    );
    if (overlaps || covers || box.left < 0 || box.right > frame.width) continue;
    taken.push(box);
    labelled.add(cluster.id);
  }
  return labelled;
}
