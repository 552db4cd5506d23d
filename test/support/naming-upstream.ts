import { type CountedUpstream, startCountedUpstream } from './counted-upstream.ts';

/** A simulated model that names groups of texts and sorts a text by names. */
export interface NamingUpstream extends CountedUpstream {
  /** What it says instead of a name for a group of that label; null: the name that it would give. */
  instead: (label: string, prompt: string) => string | null;
}

/** `labels`: what each text is about. A group is named by what most of its texts are about. */
export async function startNamingUpstream(labels: ReadonlyMap<string, string>): Promise<NamingUpstream> {
  const upstream: NamingUpstream = Object.assign(
    await startCountedUpstream('namer-1', (prompt) =>
      prompt.startsWith('Group A') ? nameOf(prompt, labels, upstream.instead) : sortedBy(prompt, labels),
    ),
    { instead: () => null },
  );
  return upstream;
}

function nameOf(prompt: string, labels: ReadonlyMap<string, string>, instead: NamingUpstream['instead']): string {
  const [first] = prompt.split('\n\n');
  const texts = first!
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line.slice(2)) as string);
  const counts = new Map<string, number>();
  for (const text of texts) {
    const label = labels.get(text) ?? 'unknown';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const label = [...counts].sort((a, b) => b[1] - a[1])[0]![0];
  const name = label.replaceAll('_', ' ');
  return (
    instead(label, prompt) ??
    JSON.stringify({ name, description: `About ${name}.`, inclusion: `Whoever asks about ${name}.`, exclusion: 'Everything else.' })
  );
}

/** The number of the name that the message's label reads like. */
function sortedBy(prompt: string, labels: ReadonlyMap<string, string>): string {
  const names = [...prompt.matchAll(/^(\d+)\. ([^:\n]+)/gm)].map(([, number, name]) => ({ number, name: name!.toLowerCase() }));
  const message = JSON.parse(/^Request: (".*")$/m.exec(prompt)![1]!) as string;
  const words = (labels.get(message) ?? '').split('_');
  const score = ({ name }: { name: string }) => words.filter((word) => name.includes(word)).length;
  return JSON.stringify({ number: Number(names.sort((a, b) => score(b) - score(a))[0]?.number ?? 0) });
}
