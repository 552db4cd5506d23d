import { type CountedUpstream, startCountedUpstream } from './counted-upstream.ts';

/** A simulated model that names groups of texts, says whether two are one intent, and sorts a text by names. */
export interface NamingUpstream extends CountedUpstream {
  /** What it says instead of a name for a group of that label; null: the name that it would give. */
  instead: (label: string, prompt: string) => string | null;
  /** What it says instead of whether two groups of these labels are one; null: what is true. */
  insteadOfCheck: (a: string, b: string) => string | null;
}

/** `labels`: what each text is about. A group is named by what most of its texts are about. */
export async function startNamingUpstream(labels: ReadonlyMap<string, string>): Promise<NamingUpstream> {
  const upstream: NamingUpstream = Object.assign(
    await startCountedUpstream('namer-1', (prompt) =>
      prompt.startsWith('Group A')
        ? nameOf(prompt, labels, upstream.instead)
        : prompt.startsWith('Requests A')
          ? checkOf(prompt, labels, upstream.insteadOfCheck)
          : sortedBy(prompt, labels),
    ),
    { instead: () => null, insteadOfCheck: () => null },
  );
  return upstream;
}

function nameOf(prompt: string, labels: ReadonlyMap<string, string>, instead: NamingUpstream['instead']): string {
  const label = labelOf(prompt.split('\n\n')[0]!, labels);
  const name = label.replaceAll('_', ' ');
  return (
    instead(label, prompt) ??
    JSON.stringify({ name, description: `About ${name}.`, inclusion: `Whoever asks about ${name}.`, exclusion: 'Everything else.' })
  );
}

function checkOf(prompt: string, labels: ReadonlyMap<string, string>, instead: NamingUpstream['insteadOfCheck']): string {
  const [a, b] = prompt.split('\n\n').map((side) => labelOf(side, labels)) as [string, string];
  return instead(a, b) ?? JSON.stringify({ reason: `A is about ${a}, B about ${b}.`, intents: a === b ? 'one' : 'two' });
}

/** What most texts of a group are about. */
function labelOf(group: string, labels: ReadonlyMap<string, string>): string {
  const counts = new Map<string, number>();
  for (const line of group.split('\n').slice(1)) {
    const label = labels.get(JSON.parse(line.slice(2)) as string) ?? 'unknown';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}

/** The number of the name that the message's label reads like. */
function sortedBy(prompt: string, labels: ReadonlyMap<string, string>): string {
  const names = [...prompt.matchAll(/^(\d+)\. ([^:\n]+)/gm)].map(([, number, name]) => ({ number, name: name!.toLowerCase() }));
  const message = JSON.parse(/^Request: (".*")$/m.exec(prompt)![1]!) as string;
  const words = (labels.get(message) ?? '').split('_');
  const score = ({ name }: { name: string }) => words.filter((word) => name.includes(word)).length;
  return JSON.stringify({ number: Number(names.sort((a, b) => score(b) - score(a))[0]?.number ?? 0) });
}
