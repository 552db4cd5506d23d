import { seededRandom, shuffled } from '../random.ts';
import { keepConsistent } from './clean-up.ts';
import type { Dense } from './dense.ts';
import { type EncoderScorer, mix } from './encoder-scorer.ts';
import { type LabelledRows, majorityTargets, sampleRows, stackLabelled, takeLabelled } from './labelled-rows.ts';
import { fitHead, type Head, headLogits, softmaxRows } from './logistic-regression.ts';
import { largestColumns, type Matrix, takeRows } from './matrix.ts';
import { nearest, type Neighbours, neighbourVotes } from './neighbours.ts';
import { type ExtendedRows, extendWithUnlabelled } from './pseudo-labels.ts';
import { crossEntropyOf, fitTemperature } from './temperature.ts';

/** What an encoder student learns from. Targets are votes: any non-negative numbers, a row of them a text. */
export interface LearnInput {
  train: LabelledRows;
  /** Picks the settings and the temperature; too few rows, and a fifth of all is held out instead. */
  validation: LabelledRows;
  /** Texts of the same traffic without votes; may be none. */
  unlabelled: Matrix;
  seed: number;
}

/** Settings that validation picks. */
export interface EncoderSettings {
  /** Inverse strength of the penalty of a head on labelled rows. */
  c: number;
  /** Whether rows that head and neighbours both reject are left out. */
  cleanUp: boolean;
  /** Inverse strength of the penalty of a head on labelled and unlabelled rows; 0: no labels are spread. */
  spreadC: number;
  /** 0: the head alone. */
  neighbours: number;
}

export interface LearnedEncoder {
  scorer: EncoderScorer;
  settings: EncoderSettings;
  /** Share of the validation rows whose majority was met, before these rows were learnt too. */
  validationAccuracy: number;
  validationRows: number;
  /** Rows that the clean-up left out of the final fit. */
  cleanedRows: number;
}

const COSINE_TEMPERATURE = 0.05;
/** Share of the neighbours' vote beside the head's. */
const NEIGHBOUR_WEIGHT = 1 / 3;
/** Validation rows carry the teacher's errors too: a wrong one must not outvote many right ones (docs/LOG.md). */
const LOSS_FLOOR = 0.05;
const FEWEST_VALIDATION_ROWS = 20;
/** Graphs and stored neighbours grow with the square and the sum of the rows: beyond this a random choice stands for all. */
const LARGEST_GRAPH = 20_000;
/** What was best or next to it in every experiment (docs/LOG.md); labels are spread only where validation shows a gain. */
export const RECIPE: EncoderSettings = { c: 10, cleanUp: true, spreadC: 0, neighbours: 15 };
/** Other settings must lose less than this share of what the best so far loses. */
const CLEARLY = 0.98;

/**
 * Learns a student: majority of the votes → logistic head → clean-up → label spreading to unlabelled rows → average
 * with the nearest rows, by a recipe that validation can depart from, then once more on train and validation together. The same
 * input gives the same student.
 */
export async function learnEncoder(dense: Dense, input: LearnInput): Promise<LearnedEncoder> {
  const random = seededRandom(input.seed);
  const { train, validation, all } = arrange(input, random);
  const unlabelled = sampled(input.unlabelled, random);
  const { settings, temperature, accuracy } = await chooseSettings(dense, train, validation, unlabelled, random);
  const cleaned = settings.cleanUp ? await cleanUp(dense, all, settings.c, random) : all;
  let head = await fitHead(dense, cleaned.features, cleaned.targets, { c: settings.c });
  let rows = cleaned;
  if (settings.spreadC > 0) {
    const extended = await extendWithUnlabelled(dense, head, cleaned, unlabelled);
    head = await fitExtended(dense, extended, settings.spreadC, head);
    rows = extended;
  }
  return {
    scorer: { head, temperature, neighbours: storedNeighbours(rows, settings, random) },
    settings,
    validationAccuracy: accuracy,
    validationRows: validation.features.rows,
    cleanedRows: all.features.rows - cleaned.features.rows,
  };
}

function sampled(features: Matrix, random: () => number): Matrix {
  return features.rows <= LARGEST_GRAPH ? features : takeRows(features, sampleRows(features.rows, LARGEST_GRAPH, random));
}

async function cleanUp(dense: Dense, rows: LabelledRows, c: number, random: () => number): Promise<LabelledRows> {
  return takeLabelled(rows, await keepConsistent(dense, rows, c, random));
}

function fitExtended(dense: Dense, rows: ExtendedRows, c: number, start: Head): Promise<Head> {
  // Its labels are guesses: stopped early it is as good (docs/LOG.md).
  return fitHead(dense, rows.features, rows.targets, { c, rowWeights: rows.weights, start, maxIterations: 60 });
}

function arrange(input: LearnInput, random: () => number): { train: LabelledRows; validation: LabelledRows; all: LabelledRows } {
  const majority = ({ features, targets }: LabelledRows) => ({ features, targets: majorityTargets(targets) });
  const train = majority(input.train);
  const validation = majority(input.validation);
  const all = stackLabelled(train, validation);
  if (validation.features.rows >= FEWEST_VALIDATION_ROWS) return { train, validation, all };
  const order = shuffled(all.features.rows, random);
  const held = Math.floor(order.length / 5);
  return { train: takeLabelled(all, order.subarray(held)), validation: takeLabelled(all, order.subarray(0, held)), all };
}

/** A head, what it was fitted to (neighbours are taken from there), and how it does on validation. */
interface Candidate {
  settings: EncoderSettings;
  head: Head;
  rows: LabelledRows;
  temperature: number;
  accuracy: number;
  loss: number;
}

/**
 * Begins with the recipe and leaves it where validation says so clearly. What is compared is the cross-entropy at the
 * fitted temperature: with some hundred validation rows it tells settings apart where accuracy ties or errs. To begin
 * with the simplest instead, or to follow every small difference, costs half a point (docs/LOG.md).
 */
async function chooseSettings(
  dense: Dense,
  labelled: LabelledRows,
  validation: LabelledRows,
  unlabelled: Matrix,
  random: () => number,
): Promise<Pick<Candidate, 'settings' | 'temperature' | 'accuracy'>> {
  if (validation.features.rows === 0) return { settings: RECIPE, temperature: 1, accuracy: 0 };
  const train = takeLabelled(labelled, sampleRows(labelled.features.rows, LARGEST_GRAPH, random));
  let best: Candidate | null = null;
  const consider = async (settings: EncoderSettings, head: Head, rows: LabelledRows, near: Neighbours | null): Promise<Candidate> => {
    const judged = await judge(dense, { settings, head, rows }, validation, near);
    if (!best || judged.loss < CLEARLY * best.loss) best = judged;
    return best;
  };
  const nearestIn = (rows: LabelledRows) => nearest(dense, validation.features, rows.features, RECIPE.neighbours);

  const cleaned = await cleanUp(dense, train, RECIPE.c, random);
  const nearCleaned = await nearestIn(cleaned);
  let start: Head | undefined;
  for (const c of [RECIPE.c, 3, 30, 100]) {
    start = await fitHead(dense, cleaned.features, cleaned.targets, { c, ...(start ? { start } : {}) });
    await consider({ ...RECIPE, c }, start, cleaned, nearCleaned);
  }
  let chosen: Candidate = best!;
  if (cleaned.features.rows < train.features.rows) {
    const { c } = chosen.settings;
    const head = await fitHead(dense, train.features, train.targets, { c, start: chosen.head });
    chosen = await consider({ ...chosen.settings, cleanUp: false }, head, train, await nearestIn(train));
  }
  if (unlabelled.rows >= train.targets.columns) {
    const { head, rows, settings } = chosen;
    const extended = await extendWithUnlabelled(dense, head, rows, unlabelled);
    const near = await nearestIn(extended);
    for (const spreadC of [settings.c, 3 * settings.c]) {
      chosen = await consider({ ...settings, spreadC }, await fitExtended(dense, extended, spreadC, head), extended, near);
    }
  }
  return consider({ ...chosen.settings, neighbours: 0 }, chosen.head, chosen.rows, null);
}

async function judge(
  dense: Dense,
  candidate: Pick<Candidate, 'settings' | 'head' | 'rows'>,
  { features, targets }: LabelledRows,
  near: Neighbours | null,
): Promise<Candidate> {
  const logits = await headLogits(dense, candidate.head, features);
  const vote = { k: candidate.settings.neighbours, cosineTemperature: COSINE_TEMPERATURE };
  const votes = near && neighbourVotes(near, candidate.rows.targets, vote);
  const at = (temperature: number) => {
    const head = softmaxRows(logits, temperature);
    return votes ? mix(head, votes, NEIGHBOUR_WEIGHT) : head;
  };
  const temperature = fitTemperature(at, targets);
  const probabilities = at(temperature);
  const wanted = largestColumns(targets);
  const correct = largestColumns(probabilities).reduce((sum, label, i) => sum + Number(label === wanted[i]), 0);
  return { ...candidate, temperature, accuracy: correct / features.rows, loss: crossEntropyOf(probabilities, targets, LOSS_FLOOR) };
}

function storedNeighbours(rows: LabelledRows, settings: EncoderSettings, random: () => number): EncoderScorer['neighbours'] {
  if (settings.neighbours === 0) return null;
  const { features, targets } = takeLabelled(rows, sampleRows(rows.features.rows, LARGEST_GRAPH, random));
  const vote = { k: settings.neighbours, weight: NEIGHBOUR_WEIGHT, cosineTemperature: COSINE_TEMPERATURE };
  return { ...vote, vectors: features, votes: targets };
}
