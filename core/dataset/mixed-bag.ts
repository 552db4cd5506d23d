/** A cluster's part of a dataset's traces. */
export interface ClusterShare {
  id: string;
  name: string;
  traces: number;
  /** Identity of its system prompt; empty: of none. */
  system: string;
  /** Shape of its answers: `label`, `json`, `text`. */
  task: string;
}

/** Smaller parts are stray calls, not a task of their own. */
const LEAST_SHARE = 0.1;
const MOST_NAMED = 8;

/**
 * Says that a dataset holds several tasks; null where it doesn't, or nobody knows. Many clusters alone are none: the intents of a
 * classifier's traffic are clusters, and one task. Tasks differ by their system prompt or by the shape of their answers.
 */
export function mixedBagWarning(clusters: readonly ClusterShare[]): string | null {
  const all = clusters.reduce((sum, { traces }) => sum + traces, 0);
  const parts = new Map<string, ClusterShare[]>();
  for (const cluster of clusters) {
    const task = JSON.stringify([cluster.system, cluster.task]);
    parts.set(task, [...(parts.get(task) ?? []), cluster]);
  }
  const large = [...parts.values()].filter((part) => tracesOf(part) >= LEAST_SHARE * all);
  if (large.length < 2) return null;
  const named = large.slice(0, MOST_NAMED).map((part) => {
    const [{ id, name, task }] = part as [ClusterShare];
    const more = part.length > 1 ? ` and ${part.length - 1} more like it` : '';
    return `${Math.round((100 * tracesOf(part)) / all)} % ${task}: cluster ${id} "${name}"${more}`;
  });
  const rest = large.length > MOST_NAMED ? `; and ${large.length - MOST_NAMED} more` : '';
  return `This is a mixed bag of ${large.length} tasks, by system prompt and shape of the answers (${named.join('; ')}${rest}): one student would have to learn them all. Build a dataset from one of the clusters instead.`;
}

function tracesOf(part: readonly ClusterShare[]): number {
  return part.reduce((sum, { traces }) => sum + traces, 0);
}
