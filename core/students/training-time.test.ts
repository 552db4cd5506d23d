import { expect, test } from 'vitest';
import type { Device } from '../../contracts/devices.ts';
import { DistilInput } from '../../contracts/distil.ts';
import { catalogued } from './base-shape.ts';
import { defaultSettings } from './default-settings.ts';
import { BUILT_IN_BASE, namedBase } from './named-base.ts';
import { chooseStudent } from './student-name.ts';
import { trainingFlops, trainingHours } from './training-time.ts';

const llama = catalogued('llama-3.1-8b')!;
const h100: Device = {
  kind: 'cuda',
  name: 'NVIDIA H100 80GB HBM3',
  count: 1,
  memoryBytes: 80e9,
  freeBytes: 79e9,
  computeCapability: '9.0',
  note: '',
};
const work = { rows: 1000, rowTokens: 200 };
const settingsOf = (input: object) => {
  const base = { id: llama.hubId, ...llama };
  return defaultSettings(base, DistilInput.parse({ dataset: 'd', ...input }), h100, 300).settings;
};

test('four FLOP a weight and token in phase one; the anchor and a second answer in phase two', () => {
  const multiplied = llama.parameters - llama.vocabulary * llama.hidden;
  const settings = { ...settingsOf({}), warmupEpochs: 3, epochs: 1, gradientCheckpointing: false };
  const plain = trainingFlops(llama, { ...settings, beta: 0, gamma: 0, epochs: 0 }, work);
  expect(plain).toEqual({ tokens: 600_000, flops: multiplied * 4 * 600_000 });
  const both = trainingFlops(llama, { ...settings, beta: 0.5, gamma: 0.1 }, work);
  expect(both.tokens).toBe(600_000 + 2 * 200_000);
  expect(both.flops).toBe(multiplied * (4 * 600_000 + 6 * 400_000));
  const recomputed = trainingFlops(llama, { ...settings, beta: 0, gamma: 0, gradientCheckpointing: true }, work);
  expect(recomputed.flops).toBe(multiplied * 6 * 800_000);
});

test('a limit of steps cuts the work', () => {
  const settings = { ...settingsOf({}), beta: 0, gamma: 0, warmupEpochs: 2, epochs: 0, batchRows: 10 };
  expect(trainingFlops(llama, { ...settings, steps: 50 }, work).tokens).toBe(100_000);
  expect(trainingFlops(llama, { ...settings, steps: 5000 }, work).tokens).toBe(400_000);
});

test('an 8 B model takes minutes on an H100 and days on two cores', () => {
  const settings = settingsOf({});
  expect(trainingHours(llama, settings, work, h100)).toBeGreaterThan(0.02);
  expect(trainingHours(llama, settings, work, h100)).toBeLessThan(0.5);
  const cores: Device = { ...h100, kind: 'cpu', name: 'a processor', count: 2, computeCapability: null };
  expect(trainingHours(llama, settings, work, cores)).toBeGreaterThan(24);
});

test('a base is known by its name, where the name tells its size', () => {
  const base = (student: string) => namedBase(chooseStudent(student)!);
  expect(base('encoder')).toBeNull();
  expect(base('lora')).toMatchObject({ id: BUILT_IN_BASE.id, shape: { parameters: 2_615_552 } });
  expect(base('qwen3-0.6b')).toMatchObject({ id: 'Qwen/Qwen3-0.6B', licence: 'apache-2.0', shape: { layers: 28 } });
  expect(base('someone/Falcon3-1.5B-Instruct')!.shape!.parameters).toBe(1.5e9);
  expect(base('someone/tiny-500m')!.shape!.parameters).toBe(500e6);
  expect(base('someone/mystery')!.shape).toBeNull();
  expect(base('our-base')).toMatchObject({ id: 'our-base', licence: null, shape: null });
});
