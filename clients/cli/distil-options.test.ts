import { Command } from 'commander';
import { expect, test } from 'vitest';
import { DistilInput } from '../../contracts/distil.ts';
import { type DistilOptions, addDistilOptions, distilRequest } from './distil-options.ts';

function requestOf(...args: string[]) {
  const command = addDistilOptions(new Command().argument('<dataset>')).exitOverride();
  command.parse(['support', ...args], { from: 'user' });
  return distilRequest(command.args[0]!, command.opts<DistilOptions>());
}

test('options of a language model become its training, and "none" no quantised file', () => {
  const request = requestOf(
    '--student',
    'qwen3-0.6b',
    '--lora-rank',
    '8',
    '--learning-rate',
    '1e-3',
    '--quantize',
    'none',
    '--rounds',
    '2',
    '--trials',
    '4',
  );
  expect(request).toEqual({
    dataset: 'support',
    student: 'qwen3-0.6b',
    rounds: 2,
    search: { trials: 4 },
    quantize: null,
    training: { loraRank: 8, learningRate: 0.001 },
  });
  expect(DistilInput.parse(request)).toMatchObject({ training: { loraRank: 8 }, quantize: null });
});

test('what is not stated is not sent: its default holds', () => {
  expect(requestOf()).toEqual({ dataset: 'support', student: 'encoder' });
  expect(() => requestOf('--learning-rate', 'fast')).toThrow(/must be a number/);
});
