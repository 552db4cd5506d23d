import { expect, test } from 'vitest';
import type { Device } from '../../contracts/devices.ts';
import { DistilInput } from '../../contracts/distil.ts';
import { TrainingSettings } from '../../contracts/language-model.ts';
import { catalogued } from './base-shape.ts';
import { defaultSettings } from './default-settings.ts';
import { fitStudent, taskFloorWarning } from './fit-student.ts';

const input = DistilInput.parse({ dataset: 'd', student: 'lora' });
const mini = { id: 'stillhouse-mini', parameters: 2_900_000, contextTokens: 512, vocabulary: 4000 };
const GIB = 1024 ** 3;

function card(freeGiB: number, computeCapability = '9.0'): Device {
  const memory = { memoryBytes: freeGiB * GIB, freeBytes: freeGiB * GIB };
  return { kind: 'cuda', name: 'a card', count: 1, ...memory, computeCapability, note: '' };
}
const cpu: Device = { ...card(8), kind: 'cpu', name: 'a processor', count: 2, computeCapability: null };
const base = (name: string) => {
  const { hubId, parameters, contextTokens, vocabulary } = catalogued(name)!;
  return { id: hubId, parameters, contextTokens, vocabulary };
};

test('a small base learns in large steps, in float32 on a processor', () => {
  const { settings, microBatchRows } = defaultSettings(mini, input, cpu, 60);
  expect(TrainingSettings.parse(settings)).toEqual(settings);
  expect(settings).toMatchObject({ loraRank: 16, learningRate: 3e-3, batchRows: 16, dtype: 'float32', fourBit: false, maxTokens: 128 });
  expect(settings).toMatchObject({ gradientCheckpointing: false, beta: 0.5, gamma: 0.1, seed: 7 });
  expect(microBatchRows).toBe(16);
});

test('what the input states wins', () => {
  const stated = DistilInput.parse({
    ...input,
    bondBeta: 0,
    bondGamma: 0.3,
    preference: 'dpo',
    rounds: 2,
    steps: 40,
    seed: 11,
    training: { loraRank: 8, learningRate: 1e-3, batchRows: 4, maxTokens: 100, epochs: 0 },
  });
  const { settings } = defaultSettings(mini, stated, cpu, 60);
  expect(settings).toMatchObject({ loraRank: 8, loraAlpha: 16, learningRate: 1e-3, batchRows: 4, maxTokens: 100, epochs: 0 });
  expect(settings).toMatchObject({ beta: 0, gamma: 0.3, preference: 'dpo', rounds: 2, steps: 40, seed: 11 });
});

test('a large card trains whole rows in bfloat16; less memory means recomputing, then 4 bit', () => {
  const large = defaultSettings(base('qwen3-0.6b'), input, card(80), 300);
  expect(large.settings).toMatchObject({ learningRate: 2e-4, dtype: 'bfloat16', fourBit: false, gradientCheckpointing: false });
  expect(large.microBatchRows).toBe(16);
  const tight = defaultSettings(base('llama-3.1-8b'), input, card(24), 300);
  expect(tight.settings).toMatchObject({ dtype: 'bfloat16', fourBit: false, gradientCheckpointing: true });
  const four = defaultSettings(base('llama-3.1-8b'), input, card(12), 300);
  expect(four.settings).toMatchObject({ dtype: 'bfloat16', fourBit: true, gradientCheckpointing: true });
  expect(four.microBatchRows).toBeLessThan(16);
});

test('a card before Ampere gets float32', () => {
  expect(defaultSettings(base('qwen3-0.6b'), input, card(16, '7.5'), 300).settings.dtype).toBe('float32');
});

test('the tokens of a row end at the context', () => {
  expect(defaultSettings(mini, input, cpu, 500).settings.maxTokens).toBe(512);
  expect(defaultSettings(mini, input, cpu).settings.maxTokens).toBe(512);
  expect(defaultSettings(base('qwen3-0.6b'), input, card(80), 1000).settings.maxTokens).toBe(1280);
});

test('what can not fit is refused with both numbers', () => {
  expect(fitStudent(base('qwen3-14b'), input, card(80), 300)).toBeNull();
  expect(fitStudent(mini, input, cpu, 60)).toBeNull();
  const reason = fitStudent(base('qwen3-14b'), input, card(6), 300);
  expect(reason).toMatch(/"Qwen\/Qwen3-14B" needs about 1\d\.\d GiB .* in 4 bit, and a card has 6\.0 GiB free/);
  expect(fitStudent(mini, { ...input, training: { maxTokens: 40 } }, cpu, 60)).toBe(
    'The longest row has 60 tokens and "stillhouse-mini" may be given 40.',
  );
});

test('a base below the floor of its task is warned about; the built-in one is made for labels', () => {
  expect(taskFloorWarning('encoder', 0, 'label')).toBeNull();
  expect(taskFloorWarning('lora', mini.parameters, 'label')).toBeNull();
  expect(taskFloorWarning('lora', mini.parameters, 'json')).toBe('"lora" has 2.9 million parameters; JSON usually needs 1 billion.');
  expect(taskFloorWarning('qwen3-0.6b', 596_049_920, 'label')).toBeNull();
  expect(taskFloorWarning('qwen3-0.6b', 596_049_920, 'text')).toContain('short texts usually need 1 to 3 billion');
});
