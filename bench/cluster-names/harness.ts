import type OpenAI from 'openai';
import { assignVector } from '../../core/clustering/assign-vector.ts';
import { clusterVectors } from '../../core/clustering/cluster-vectors.ts';
import { intentText } from '../../core/clustering/intent-text.ts';
import { describeGroups } from '../../core/clusters/describe-groups.ts';
import { type NameQuestion, giveNames } from '../../core/clusters/give-names.ts';
import { JUDGE_FORMAT, judgeMessages, parseJudgement } from '../../core/clusters/judge-by-name.ts';
import { NAMING_FORMAT, namingMessages } from '../../core/clusters/naming.ts';
import type { Dense } from '../../core/learning/dense.ts';
import { rowOf } from '../../core/learning/matrix.ts';
import type { EmbedderPool } from '../../serving/embedder-pool.ts';
import { answerOf, atOnce } from './ask-at-once.ts';

export interface NamesSetting {
  /** Of an OpenAI-compatible endpoint. */
  client: OpenAI;
  naming: string;
  judge: string;
  pool: EmbedderPool;
  dense: Dense;
  /** Clustered and named. */
  shown: readonly string[];
  /** Put into clusters by their vectors, and by the judge by the names alone. */
  heldOut: readonly string[];
  clusters?: number;
}

export interface NamesResult {
  clusters: number;
  /** Clusters that the model has named; the others have keywords. */
  named: number;
  names: string[];
  judged: number;
  /** Share of the held-out texts that the judge has put into the cluster of their vector. */
  agreement: number;
  /** Texts of which the judge has said nothing usable; they count as wrong. */
  unanswered: number;
}

/** How well names alone tell clusters apart: a judge who knows nothing else sorts texts that nobody has seen. */
export async function judgeNames(setting: NamesSetting): Promise<NamesResult> {
  const { client, pool, dense, heldOut } = setting;
  const texts = setting.shown.map(textOf);
  const vectors = await pool.embed(texts);
  const clustering = await clusterVectors(dense, vectors, setting.clusters === undefined ? {} : { clusters: setting.clusters });
  const { groups } = await describeGroups(
    dense,
    vectors,
    clustering,
    texts.map((text) => ({ text, count: 1, answers: [] })),
  );
  const ask = async (questions: NameQuestion[]) => {
    const answers = await atOnce(questions, async ({ place, subject, refused }) => {
      const messages = namingMessages(subject, refused === null ? [] : [refused]);
      return [place, await answerOf(client, setting.naming, messages, NAMING_FORMAT)] as const;
    });
    return new Map(answers);
  };
  const { names, named } = await giveNames({ groups, texts, kept: groups.map(() => null) }, ask);
  const called = names.map(({ name }) => name);
  const places = await pool.embed(heldOut.map(textOf));
  const judged = await atOnce([...heldOut.keys()], async (i) => {
    const own = assignVector(rowOf(places, i), clustering);
    if (own.outlier) return null;
    const answer = await answerOf(client, setting.judge, judgeMessages(called, textOf(heldOut[i]!)), JUDGE_FORMAT);
    return { own: own.cluster, said: parseJudgement(answer, called.length) };
  });
  const counted = judged.filter((one) => one !== null);
  const right = counted.filter(({ own, said }) => own === said).length;
  return {
    clusters: groups.length,
    named,
    names: called,
    judged: counted.length,
    agreement: right / Math.max(1, counted.length),
    unanswered: counted.filter(({ said }) => said === null).length,
  };
}

function textOf(message: string): string {
  return intentText([{ role: 'user', content: message }]).text;
}
