import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StillhouseError } from '../contracts/errors.ts';
import type { EncoderManifest, ExportEncoderInput, ExportEncoderResult } from '../contracts/stages.ts';
import { verifyEmbedder } from '../serving/embedder.ts';
import { floats, splitHead } from '../serving/encoder-student.ts';
import { compareExport } from './encoder/compare-export.ts';
import { readCuratedTexts } from './encoder/curated-texts.ts';
import type { EncoderDeps, StagePulse } from './encoder/encoder-deps.ts';
import { selfContainedOnnx } from './encoder/self-contained-onnx.ts';
import { TrainedEncoder } from './encoder/trained-encoder.ts';
import { withHeartbeat } from './heartbeat.ts';

/** Every step takes seconds. */
const STALL_MS = 5 * 60_000;
/** Texts that are answered both ways. */
const COMPARED = 64;
/** Rounding of 32-bit products in another order stays a thousand times below it. */
const LARGEST_DIFFERENCE = 1e-3;

export type ExportEncoderActivity = ReturnType<typeof createExportEncoderActivity>;

export function createExportEncoderActivity(deps: EncoderDeps) {
  return {
    /**
     * Writes the student's manifest and its self-contained model, loads both again and compares their answers. Safe to
     * retry because both are functions of what was trained: the same bytes under the same keys.
     */
    exportEncoder: (input: ExportEncoderInput): Promise<ExportEncoderResult> =>
      withHeartbeat(STALL_MS, (pulse) => exportEncoder(deps, input, pulse)),
  };
}

/** What the activity does, without Temporal around it. */
export async function exportEncoder(deps: EncoderDeps, input: ExportEncoderInput, pulse: StagePulse): Promise<ExportEncoderResult> {
  const { artifacts, embedderFolder } = deps;
  const trained = TrainedEncoder.parse(JSON.parse((await artifacts.get(input.trained)).toString('utf8')));
  const { labels, embedder, temperature, neighbours, validationAccuracy } = trained;
  if ((await verifyEmbedder(embedderFolder)).sha256 !== embedder.sha256) {
    throw new StillhouseError('conflict', 'The student was trained on another embedder than the one of this worker: train it again.');
  }
  const head = splitHead(await floats(artifacts, trained.head, labels.length, embedder.dimensions + 1));
  const model = selfContainedOnnx(await readFile(join(embedderFolder, 'model.onnx')), { head, temperature, neighbours: null });
  // Beside what was trained, and named by it: another training has another folder or another name.
  const base = `${input.trained.key.replace(/[^/]*$/, '')}${input.trained.sha256.slice(0, 16)}`;
  const onnx = await artifacts.put(`${base}.onnx`, model);
  const manifest: EncoderManifest = {
    format: 'stillhouse-encoder/1',
    input: 'last-user-text',
    embedder,
    labels,
    head: trained.head,
    temperature,
    neighbours,
    onnx,
    validationAccuracy,
  };
  const ref = await artifacts.put(`${base}.manifest.json`, Buffer.from(JSON.stringify(manifest)));
  const texts = await textsToCompare(deps, trained);
  const maxDifference = await compareExport(deps, ref, await artifacts.get(onnx), texts, pulse);
  if (!(maxDifference <= LARGEST_DIFFERENCE)) {
    await artifacts.delete(ref.key);
    throw new StillhouseError(
      'internal',
      `The exported student answers otherwise than the trained one: a probability differs by ${maxDifference}.`,
    );
  }
  return { manifest: ref, labels, embedderSha256: embedder.sha256, compared: texts.length, maxDifference };
}

async function textsToCompare({ artifacts }: EncoderDeps, trained: TrainedEncoder): Promise<string[]> {
  const { validation, train } = await readCuratedTexts(artifacts, trained.curated, trained.labels);
  return (validation.length > 0 ? validation : train).slice(0, COMPARED).map(({ text }) => text);
}
