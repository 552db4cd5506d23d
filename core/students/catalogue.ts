/** What a student is asked for, from the easiest: one of a few labels, JSON, a short text, a long one or one that is reasoned out. */
export type StudentTask = 'label' | 'json' | 'text' | 'long';

/**
 * Parameters from which on a base usually learns a task: a rule of thumb, from the sizes that publishers recommend. Smaller
 * ones are warned about, never refused. Short texts come out well from three billion on.
 */
export const TASK_FLOORS: Readonly<Record<StudentTask, number>> = { label: 0.59e9, json: 0.95e9, text: 1.2e9, long: 7.9e9 };

/** A base model that can be named in short. Sizes are those of the published configuration. */
export interface CatalogueEntry {
  /** What `student` takes. */
  name: string;
  /** Repository on the Hugging Face hub: the one tuned to follow instructions, in safetensors. */
  hubId: string;
  family: string;
  /** Weights, tied embeddings counted once; a vision tower that lies in the files counts. */
  parameters: number;
  layers: number;
  hidden: number;
  /** Width of one token's keys in a layer (heads of keys × their dimension); its values are as wide. */
  keyWidth: number;
  vocabulary: number;
  /** As the hub states it. */
  licence: string;
  /** The hub wants its terms accepted, and a token (`HF_TOKEN`). */
  gated: boolean;
  contextTokens: number;
  /** Tasks that it is big enough for, by `TASK_FLOORS`. */
  taskFloor: readonly StudentTask[];
}

type Row = [
  name: string,
  hubId: string,
  parameters: number,
  layers: number,
  hidden: number,
  keyWidth: number,
  vocabulary: number,
  contextTokens: number,
  licence?: string,
];

function family(name: string, gated: boolean, licence: string, rows: readonly Row[]): CatalogueEntry[] {
  return rows.map(([short, hubId, parameters, layers, hidden, keyWidth, vocabulary, contextTokens, own]) => ({
    name: short,
    hubId,
    family: name,
    parameters,
    layers,
    hidden,
    keyWidth,
    vocabulary,
    licence: own ?? licence,
    gated,
    contextTokens,
    taskFloor: tasksFor(parameters),
  }));
}

/** Tasks that so many parameters are enough for. */
export function tasksFor(parameters: number): StudentTask[] {
  const tasks = Object.keys(TASK_FLOORS) as StudentTask[];
  return tasks.filter((task) => parameters >= TASK_FLOORS[task]);
}

/** The bases that a short name stands for. Any other is named by its hub id, or by its id in `stillhouse.yaml`. */
export const STUDENT_CATALOGUE: readonly CatalogueEntry[] = [
  ...family('Llama', true, 'llama3.2', [
    ['llama-3.2-1b', 'meta-llama/Llama-3.2-1B-Instruct', 1_235_814_400, 16, 2048, 512, 128_256, 131_072],
    ['llama-3.2-3b', 'meta-llama/Llama-3.2-3B-Instruct', 3_212_749_824, 28, 3072, 1024, 128_256, 131_072],
    ['llama-3.1-8b', 'meta-llama/Llama-3.1-8B-Instruct', 8_030_261_248, 32, 4096, 1024, 128_256, 131_072, 'llama3.1'],
  ]),
  ...family('Qwen3', false, 'apache-2.0', [
    ['qwen3-0.6b', 'Qwen/Qwen3-0.6B', 596_049_920, 28, 1024, 1024, 151_936, 40_960],
    ['qwen3-1.7b', 'Qwen/Qwen3-1.7B', 1_720_574_976, 28, 2048, 1024, 151_936, 40_960],
    ['qwen3-4b', 'Qwen/Qwen3-4B', 4_022_468_096, 36, 2560, 1024, 151_936, 40_960],
    ['qwen3-8b', 'Qwen/Qwen3-8B', 8_190_735_360, 36, 4096, 1024, 151_936, 40_960],
    ['qwen3-14b', 'Qwen/Qwen3-14B', 14_768_307_200, 40, 5120, 1024, 151_936, 40_960],
  ]),
  ...family('Qwen2.5', false, 'apache-2.0', [
    ['qwen2.5-0.5b', 'Qwen/Qwen2.5-0.5B-Instruct', 494_032_768, 24, 896, 128, 151_936, 32_768],
    ['qwen2.5-1.5b', 'Qwen/Qwen2.5-1.5B-Instruct', 1_543_714_304, 28, 1536, 256, 151_936, 32_768],
    ['qwen2.5-3b', 'Qwen/Qwen2.5-3B-Instruct', 3_085_938_688, 36, 2048, 256, 151_936, 32_768, 'qwen-research'],
    ['qwen2.5-7b', 'Qwen/Qwen2.5-7B-Instruct', 7_615_616_512, 28, 3584, 512, 152_064, 32_768],
  ]),
  ...family('Qwen2.5-Coder', false, 'apache-2.0', [
    ['qwen2.5-coder-0.5b', 'Qwen/Qwen2.5-Coder-0.5B-Instruct', 494_032_768, 24, 896, 128, 151_936, 32_768],
    ['qwen2.5-coder-1.5b', 'Qwen/Qwen2.5-Coder-1.5B-Instruct', 1_543_714_304, 28, 1536, 256, 151_936, 32_768],
    ['qwen2.5-coder-3b', 'Qwen/Qwen2.5-Coder-3B-Instruct', 3_085_938_688, 36, 2048, 256, 151_936, 32_768, 'qwen-research'],
    ['qwen2.5-coder-7b', 'Qwen/Qwen2.5-Coder-7B-Instruct', 7_615_616_512, 28, 3584, 512, 152_064, 32_768],
  ]),
  ...family('Gemma 3', true, 'gemma', [
    ['gemma-3-270m', 'google/gemma-3-270m-it', 268_098_176, 18, 640, 256, 262_144, 32_768],
    ['gemma-3-1b', 'google/gemma-3-1b-it', 999_885_952, 26, 1152, 256, 262_144, 32_768],
    ['gemma-3-4b', 'google/gemma-3-4b-it', 4_300_079_472, 34, 2560, 1024, 262_208, 131_072],
  ]),
  ...family('Phi-4', false, 'mit', [['phi-4-mini', 'microsoft/Phi-4-mini-instruct', 3_836_021_760, 32, 3072, 1024, 200_064, 131_072]]),
  ...family('Mistral', true, 'apache-2.0', [
    ['mistral-7b', 'mistralai/Mistral-7B-Instruct-v0.3', 7_248_023_552, 32, 4096, 1024, 32_768, 32_768],
  ]),
  ...family('SmolLM', false, 'apache-2.0', [
    ['smollm2-135m', 'HuggingFaceTB/SmolLM2-135M-Instruct', 134_515_008, 30, 576, 192, 49_152, 8192],
    ['smollm2-360m', 'HuggingFaceTB/SmolLM2-360M-Instruct', 361_821_120, 32, 960, 320, 49_152, 8192],
    ['smollm2-1.7b', 'HuggingFaceTB/SmolLM2-1.7B-Instruct', 1_711_376_384, 24, 2048, 2048, 49_152, 8192],
    ['smollm3-3b', 'HuggingFaceTB/SmolLM3-3B', 3_075_098_624, 36, 2048, 512, 128_256, 65_536],
  ]),
  ...family('Granite', false, 'apache-2.0', [
    ['granite-3.3-2b', 'ibm-granite/granite-3.3-2b-instruct', 2_533_539_840, 40, 2048, 512, 49_159, 131_072],
    ['granite-3.3-8b', 'ibm-granite/granite-3.3-8b-instruct', 8_170_864_640, 40, 4096, 1024, 49_159, 131_072],
  ]),
  ...family('DeepSeek-R1 distils', false, 'mit', [
    ['deepseek-r1-qwen-1.5b', 'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B', 1_777_088_000, 28, 1536, 256, 151_936, 131_072],
    ['deepseek-r1-qwen-7b', 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', 7_615_616_512, 28, 3584, 512, 152_064, 131_072],
    ['deepseek-r1-llama-8b', 'deepseek-ai/DeepSeek-R1-Distill-Llama-8B', 8_030_261_248, 32, 4096, 1024, 128_256, 131_072],
  ]),
];
