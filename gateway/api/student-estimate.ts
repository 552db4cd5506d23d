import type { Dataset } from '../../contracts/datasets.ts';
import type { Device } from '../../contracts/devices.ts';
import type { DistilInput } from '../../contracts/distil.ts';
import type { TrainingSettings } from '../../contracts/language-model.ts';
import type { Estimate } from '../../contracts/students.ts';
import { defaultSettings } from '../../core/students/default-settings.ts';
import { fitStudent, taskFloorWarning } from '../../core/students/fit-student.ts';
import { type TrainingPrecision, runDiskBytes, servingBytes, trainingBytes } from '../../core/students/memory.ts';
import { type NamedBase, namedBase, studentBase } from '../../core/students/named-base.ts';
import type { StudentChoice } from '../../core/students/student-name.ts';
import type { BaseShape } from '../../core/students/base-shape.ts';
import { trainingHours } from '../../core/students/training-time.ts';
import type { DatasetVolume } from '../../store/clickhouse/dataset-volume.ts';
import type { ApiDeps } from './dependencies.ts';

/** Of the distillation and what it would be trained on. */
interface Asked {
  input: DistilInput;
  choice: StudentChoice;
  dataset: Dataset;
  volume: DatasetVolume;
  device: Device;
  rates: ApiDeps['rates'];
}

/** The part of an estimate that is the student's. */
export type StudentPart = Pick<Estimate, 'student' | 'hours' | 'deviceUsd' | 'vramBytes' | 'diskBytes' | 'fits' | 'reason'> & {
  warnings: string[];
};

/** Text is embedded at about 4 ms a row; the head's settings are searched within a minute (`docs/distillation.md`). */
const ENCODER_SECONDS = { aRow: 0.004, fixed: 60 };
/** Vectors and votes of the neighbours, and the encoder as ONNX. */
const ENCODER_BYTES = { aRow: 384 * 4 + 400, fixed: 25e6 };
const NO_MEMORY = { train16: null, train4: null, serve: null };
/** Context without a stated one. */
const USUAL_CONTEXT = 32_768;
/** Checkpoints that are kept while it trains. */
const CHECKPOINTS = 2;

/** Hours, memory, disk and whether it fits. */
export function studentEstimate(asked: Asked): StudentPart {
  const base = namedBase(asked.choice);
  if (base === null) return encoderEstimate(asked);
  if (base.shape === null) return unknownSize(asked, base);
  return languageModelEstimate(asked, base, base.shape);
}

function encoderEstimate({ input, choice, volume, device, rates }: Asked): StudentPart {
  const rows = volume.splits.train.rows + volume.splits.validation.rows;
  const hours = (ENCODER_SECONDS.fixed + ENCODER_SECONDS.aRow * rows) / 3600;
  return {
    student: studentBase(input.student, choice),
    hours,
    deviceUsd: hours * device.count * rates.coreHourUsd,
    vramBytes: NO_MEMORY,
    diskBytes: ENCODER_BYTES.fixed + ENCODER_BYTES.aRow * rows,
    fits: true,
    reason: '',
    warnings: [],
  };
}

function unknownSize({ input, choice }: Asked, base: NamedBase): StudentPart {
  const warning = `The size of "${base.id}" is not known here: a worker looks at it before the teacher is paid, and refuses what can't fit.`;
  const unknown = { hours: null, deviceUsd: null, vramBytes: NO_MEMORY, diskBytes: null };
  return { student: studentBase(input.student, choice), ...unknown, fits: true, reason: '', warnings: [warning] };
}

function languageModelEstimate({ input, choice, dataset, volume, device, rates }: Asked, base: NamedBase, shape: BaseShape): StudentPart {
  const rowTokens = volume.promptTokens + volume.answerTokens;
  const contextTokens = base.contextTokens ?? USUAL_CONTEXT;
  const sized = { id: base.id, parameters: shape.parameters, vocabulary: shape.vocabulary, contextTokens };
  // bytes / 4: tokens of the longest row, as the mean is reckoned where nothing was billed
  const longest = Math.min(contextTokens, Math.max(Math.ceil(rowTokens), Math.ceil(volume.mostRowBytes / 4)));
  const plan = defaultSettings(sized, input, device, longest);
  const reason = fitStudent(sized, input, device, longest);
  const hours = input.search.trials * trainingHours(shape, plan.settings, { rows: volume.splits.train.rows, rowTokens }, device);
  const warning = taskFloorWarning(input.student, shape.parameters, dataset.task.kind);
  const at = (precision: TrainingPrecision) => trainingBytes(shape, oneRow(plan.settings, precision, longest, volume)).total;
  return {
    student: studentBase(input.student, choice),
    hours,
    deviceUsd: hours * device.count * (device.kind === 'cuda' ? rates.gpuHourUsd : rates.coreHourUsd),
    vramBytes: {
      train16: at('16 bit'),
      train4: at('4 bit'),
      serve: servingBytes(shape, input.quantize, { tokens: longest, sequences: 1, loraRank: plan.settings.loraRank }),
    },
    diskBytes: runDiskBytes(shape, { quantization: input.quantize, loraRank: plan.settings.loraRank, checkpoints: CHECKPOINTS }),
    fits: reason === null,
    reason: reason ?? '',
    warnings: [
      ...(warning ? [warning] : []),
      ...(base.gated ? [`"${base.id}" wants its terms accepted on the hub, and a token (HF_TOKEN) where the GPU worker runs.`] : []),
      ...(device.kind === 'cpu' && hours > 24 ? [`On ${device.count} cores the training takes about ${Math.round(hours)} hours.`] : []),
    ],
  };
}

/** The least that training takes: one row at a time, activations made again. */
function oneRow(settings: TrainingSettings, precision: TrainingPrecision, tokens: number, volume: DatasetVolume) {
  return {
    precision,
    loraRank: settings.loraRank,
    sequences: settings.beta > 0 ? 2 : 1,
    tokens,
    answerTokens: Math.ceil(volume.answerTokens),
    gradientCheckpointing: true,
  };
}
