import { expect, test } from 'vitest';
import { createDeviceProbeActivity } from './device-probe.ts';

// As driver 580 printed it for one card; two are put together from that.
const ONE_CARD = 'NVIDIA H200, 143771, 143156, 9.0\n';
const TWO_CARDS = 'NVIDIA H100 80GB HBM3, 81559, 81004, 9.0\nNVIDIA H100 80GB HBM3, 81559, 80000, 9.0\n';
const absent = () => Promise.reject(new Error('ENOENT'));

test('cards are read from nvidia-smi', async () => {
  const { deviceProbe } = createDeviceProbeActivity({ device: 'auto', nvidiaSmi: async () => TWO_CARDS });
  expect(await deviceProbe()).toEqual({
    kind: 'cuda',
    name: 'NVIDIA H100 80GB HBM3',
    count: 2,
    memoryBytes: 81559 * 1024 ** 2,
    freeBytes: 81004 * 1024 ** 2,
    computeCapability: '9.0',
    note: '',
  });
  const one = createDeviceProbeActivity({ device: 'cuda', nvidiaSmi: async () => ONE_CARD });
  expect(await one.deviceProbe()).toMatchObject({ name: 'NVIDIA H200', count: 1, freeBytes: 143156 * 1024 ** 2, computeCapability: '9.0' });
});

test('without a driver it is the CPU, and it says why', async () => {
  const device = await createDeviceProbeActivity({ device: 'auto', nvidiaSmi: absent }).deviceProbe();
  expect(device).toMatchObject({ kind: 'cpu', computeCapability: null, note: 'no NVIDIA driver answers' });
  expect(device.memoryBytes).toBeGreaterThan(0);
});

test('cuda that was asked for and is not there is a sentence', async () => {
  await expect(createDeviceProbeActivity({ device: 'cuda', nvidiaSmi: absent }).deviceProbe()).rejects.toThrow(
    /nvidia-smi does not answer/,
  );
  await expect(
    createDeviceProbeActivity({ device: 'cuda', nvidiaSmi: async () => 'No devices were found\n' }).deviceProbe(),
  ).rejects.toThrow(/no card/);
});

test('cpu asks nobody', async () => {
  const asked: unknown[] = [];
  const { deviceProbe } = createDeviceProbeActivity({ device: 'cpu', nvidiaSmi: async (args) => String(asked.push(args)) });
  expect((await deviceProbe()).kind).toBe('cpu');
  expect(asked).toEqual([]);
});
