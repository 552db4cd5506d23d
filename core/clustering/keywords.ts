/** A keyword with its weight. */
export interface Keyword {
  word: string;
  weight: number;
}

/**
 * What tells clusters apart by words alone, for names without a language model: class-based TF-IDF (Grootendorst,
 * "BERTopic", 2022, eq. 2), weight = tf(t, c) · log(1 + A / f(t)), with tf the share of the term among the cluster's, f
 * its count in all clusters and A the mean count of terms a cluster. Terms are words and pairs of words without those that
 * every text has; each text counts a term once. At most `most` a cluster, heaviest first; a word within a taken pair is
 * not said twice.
 */
export function clusterKeywords(textsByCluster: readonly (readonly string[])[], most = 5): Keyword[][] {
  const counts = textsByCluster.map((texts) => {
    const own = new Map<string, number>();
    for (const text of texts) for (const term of new Set(termsOf(text))) own.set(term, (own.get(term) ?? 0) + 1);
    return own;
  });
  const overall = new Map<string, number>();
  let total = 0;
  for (const own of counts) {
    for (const [term, count] of own) {
      overall.set(term, (overall.get(term) ?? 0) + count);
      total += count;
    }
  }
  const mean = total / Math.max(1, counts.length);
  return counts.map((own, c) => {
    const terms = own.values().reduce((sum, count) => sum + count, 0);
    // A term of a single text among many names nothing.
    const least = textsByCluster[c]!.length > 5 ? 2 : 1;
    const weighed = [...own]
      .filter(([, count]) => count >= least)
      .map(([word, count]) => ({ word, weight: (count / terms) * Math.log(1 + mean / overall.get(word)!) }));
    weighed.sort((a, b) => b.weight - a.weight || (a.word < b.word ? -1 : 1));
    return withoutRepeats(weighed, most);
  });
}

function withoutRepeats(keywords: readonly Keyword[], most: number): Keyword[] {
  const kept: Keyword[] = [];
  for (const keyword of keywords) {
    if (kept.length === most) break;
    const words = keyword.word.split(' ');
    const known = kept.some(({ word }) => word.split(' ').some((part) => words.includes(part)));
    if (!known) kept.push(keyword);
  }
  return kept;
}

/** Words and pairs of neighbouring words; words of one letter, numbers and stop words are left out. */
function termsOf(text: string): string[] {
  const words = [...WORDS.segment(text.slice(0, MAX_CHARACTERS).normalize('NFKC').toLowerCase())]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment);
  const terms: string[] = [];
  words.forEach((word, i) => {
    if (isEmpty(word)) return;
    terms.push(word);
    const next = words[i + 1];
    if (next !== undefined && !isEmpty(next) && next !== word) terms.push(`${word} ${next}`);
  });
  return terms;
}

const MAX_CHARACTERS = 2000;
const WORDS = new Intl.Segmenter('en', { granularity: 'word' });
const isEmpty = (word: string) => STOP_WORDS.has(word) || /^\p{N}/u.test(word) || /^[\p{L}]$/u.test(word);

/** English words that say nothing of an intent; other languages' common words lose by their weight. */
const STOP_WORDS = new Set(
  `about above after again all also am an and any anyone are aren't as ask at be because been before being but by can can't cannot
  could couldn't did didn't do does doesn't doing don't done else even ever for from get gets getting give go going gone got had has
  hasn't have haven't having he hello help her here hey hi him his how i'd i'll i'm i've if in into is isn't it it's its just kind
  know let like looking made make many may maybe me might more most much must my need needs no not now of off on once one only or
  other our out over please put really said same say says see seem seems shall she should shouldn't since so some somehow someone
  something sort still such sure take tell than thank thanks that that's the their them then there there's these they thing things
  think this those though to told too try trying under until up upon us use used using very want wanted wants was wasn't way we well
  were weren't what what's when where where's which while who whom whose why will with without won't would wouldn't yes yet you
  you're your`.split(/\s+/),
);
