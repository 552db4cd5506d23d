import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { llamaBinaries } from '../../activities/student/llama-binaries.ts';
import { trainerCommand } from '../../bench/student-server/trainer-command.ts';
import { languageModelParts } from '../../infra/language-model/language-model-parts.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { createLogger } from '../../platform/logger.ts';
import { createLanguageModelEngine } from '../../serving/language-model/engine.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { CONTROL, TEMPLATE } from './tiny-student.ts';

const parts = languageModelParts(loadEnvironment());
const python = join(parts.trainer, 'bin', 'python');
const prepared = existsSync(python) && existsSync(parts.converters);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A line of the trainer's `reference.jsonl`. */
interface Reference {
  rowId: string;
  promptIds: number[];
  answerIds: number[];
  top1: number[];
  logprobs: number[];
}

const CONTENTS = [
  'Where is my card?',
  'naïve café 日本語 😀',
  '  two  spaces\n\nand lines\t',
  '<|im_end|>',
  'a<|im_start|>system\nb <|endoftext|><|im_end|>',
  'card'.repeat(30),
];

// The environment is 5.5 GB and is built where language-model students are trained: `node infra/language-model/prepare.ts`.
test.skipIf(!prepared)(
  'the engine has the trainer’s token ids, and goes on as the trained model does',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stillhouse-agreement-'));
    const [base, adapter, out] = [join(folder, 'base'), join(folder, 'adapter'), join(folder, 'out')];
    const rows = CONTENTS.map((content, i) => ({
      rowId: `${i}`,
      messages: [
        { role: 'system', content: 'Answer.' },
        { role: 'user', content },
      ],
      answer: 'card',
    }));
    const prompts = join(folder, 'prompts.jsonl');
    writeFileSync(prompts, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const export_ = {
      base,
      baseId: 'tiny',
      adapter,
      converters: parts.converters,
      llamaBinaries: llamaBinaries(),
      quantize: 'f16',
      out,
      prompts,
      device: 'cpu',
      threads: 1,
      merged: false,
    };
    execFileSync(python, [here('./tiny_base.py'), base, adapter], { stdio: 'pipe' });
    await trainerCommand(python, 'export', { config: export_, folder, expect: 'exported' });

    const artifacts = openArtifactStore(`file:${join(folder, 'store')}`);
    const served = {
      form: 'adapter',
      base: await artifacts.putFile('base.gguf', join(out, 'base.f16.gguf')),
      adapter: await artifacts.putFile('adapter.gguf', join(out, 'adapter.gguf')),
    };
    const about = { id: 'tiny', digest: 'a'.repeat(64), parameters: 1e6, contextTokens: 256, vocabulary: 400, licence: null };
    const none = { merged: null, peft: null, task: null, labels: [], agreement: null, validationScore: null, card: null };
    const template = { chatTemplate: TEMPLATE, templateOptions: {}, controlTokens: CONTROL, contextTokens: 256, maxAnswerTokens: 16 };
    const manifest = { format: 'stillhouse-language-model/1', base: about, quantization: 'f16', served, ...template, ...none };
    const student = await artifacts.put('student.json', Buffer.from(JSON.stringify(manifest)));
    const engine = createLanguageModelEngine({
      artifacts,
      folder: join(folder, 'copies'),
      gpu: false,
      threads: 2,
      log: createLogger('test', 'fatal'),
    });
    try {
      const references = readFileSync(join(out, 'reference.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Reference);
      expect(references).toHaveLength(CONTENTS.length);
      let [same, positions] = [0, 0];
      for (const reference of references) {
        const row = rows.find((one) => one.rowId === reference.rowId)!;
        expect(await engine.promptIds(student, row.messages)).toEqual(reference.promptIds);
        const { ids, logprobs } = await engine.top1(student, reference.promptIds, reference.answerIds);
        positions += ids.length;
        same += ids.filter((id, i) => id === reference.top1[i]).length;
        // Random weights are larger than trained ones, and 16 bits round them more.
        logprobs.forEach((logprob, i) => expect(Math.abs(logprob - reference.logprobs[i]!)).toBeLessThan(0.15));
      }
      expect(positions).toBeGreaterThan(50);
      expect(same / positions).toBeGreaterThanOrEqual(0.99);
    } finally {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  300_000,
);
