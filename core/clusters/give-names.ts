import type { ClusterNaming } from '../../contracts/clusters.ts';
import type { FoundGroup } from './describe-groups.ts';
import { type GivenName, type NamingSubject, parseNaming } from './naming.ts';
import { clashing, keywordName, nameKey, uniqueName } from './unique-names.ts';

/** Texts of a cluster that the model sees, and of each of so many others. */
const SHOWN = { members: 12, others: 3, ofOthers: 4 };

/** One question to the model; `place`: which cluster, `refused`: the name that it was given and that is another's. */
export interface NameQuestion {
  place: number;
  subject: NamingSubject;
  refused: string | null;
}

/** What is named. */
export interface NamingWork {
  groups: readonly FoundGroup[];
  /** Texts of the sample. */
  texts: readonly string[];
  /** Names that stay; null: to be named. In the order of the groups. */
  kept: readonly (ClusterNaming | null)[];
}

/**
 * Names for all groups, each its own. `ask` has the model answer and gives what it said by place; a clash is asked once more,
 * then told apart by a keyword. A group without a usable answer, and all where `ask` is null, have keywords.
 */
export async function giveNames(
  { groups, texts, kept }: NamingWork,
  ask: ((questions: NameQuestion[]) => Promise<ReadonlyMap<number, string>>) | null,
): Promise<{ names: ClusterNaming[]; named: number; unnamed: number }> {
  const taken = new Set(kept.flatMap((naming) => (naming ? [nameKey(naming.name)] : [])));
  const wanted = groups.flatMap((_, place) => (kept[place] ? [] : [place]));
  const answers = new Map<number, GivenName>();
  const askFor = async (questions: NameQuestion[]) => {
    if (!ask || questions.length === 0) return;
    for (const [place, answer] of await ask(questions)) {
      const parsed = parseNaming(answer);
      if (parsed) answers.set(place, parsed);
    }
  };
  const question = (place: number, refused: string | null): NameQuestion => ({ place, subject: subjectOf(groups, texts, place), refused });
  await askFor(wanted.map((place) => question(place, null)));
  const places = wanted.filter((place) => answers.has(place));
  const given = places.map((place) => answers.get(place)!.name);
  await askFor(clashing(given, taken).map((at) => question(places[at]!, given[at]!)));
  const names = groups.map(({ keywords }, place): ClusterNaming => {
    const before = kept[place];
    if (before) return before;
    const answer = answers.get(place);
    const name = uniqueName(answer?.name ?? keywordName(keywords), keywords, taken);
    taken.add(nameKey(name));
    if (answer) return { ...answer, name, namedBy: 'model' };
    return { name, namedBy: 'keywords', description: '', inclusion: '', exclusion: '' };
  });
  return { names, named: answers.size, unnamed: wanted.length - answers.size };
}

function subjectOf(groups: readonly FoundGroup[], texts: readonly string[], place: number): NamingSubject {
  const shown = (group: number, most: number) => groups[group]!.nearest.slice(0, most).map((at) => texts[at]!);
  return {
    members: shown(place, SHOWN.members),
    others: groups[place]!.others.slice(0, SHOWN.others).map((other) => shown(other, SHOWN.ofOthers)),
  };
}
