import type { Device } from '../../contracts/devices.ts';
import { TASK_FLOORS, type StudentTask } from './catalogue.ts';
import { type SizedBase, type TrainingChoices, defaultSettings } from './default-settings.ts';
import { chooseStudent } from './student-name.ts';

/** Bytes in words: "14.6 GiB". */
export function inGiB(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** Null where the base can be trained on the device; else a sentence with the numbers that says why not. */
export function fitStudent(base: SizedBase, input: TrainingChoices, device: Device, longestRowTokens: number | null = null): string | null {
  const { settings, fits, trainBytes, precision } = defaultSettings(base, input, device, longestRowTokens);
  if (longestRowTokens !== null && longestRowTokens > settings.maxTokens)
    return `The longest row has ${longestRowTokens} tokens and "${base.id}" may be given ${settings.maxTokens}.`;
  if (fits) return null;
  return (
    `"${base.id}" needs about ${inGiB(trainBytes)} of memory to be trained, one row at a time in ${precision}, and ` +
    `${device.name} has ${inGiB(device.freeBytes)} free: choose a smaller student or a device with more memory.`
  );
}

const FLOOR_IN_WORDS: Readonly<Record<StudentTask, string>> = {
  label: 'labels usually need 0.6 billion',
  json: 'JSON usually needs 1 billion',
  text: 'short texts usually need 1 to 3 billion',
  long: 'long or reasoned answers usually need 8 billion',
};

/** A warning where the base is smaller than what usually learns the task; null else. The built-in base is made for labels. */
export function taskFloorWarning(student: string, parameters: number, task: StudentTask): string | null {
  const choice = chooseStudent(student);
  if (choice === null || choice.kind === 'encoder') return null;
  if (choice.kind === 'built-in' && task === 'label') return null;
  if (parameters >= TASK_FLOORS[task]) return null;
  return `"${student}" has ${inWords(parameters)} parameters; ${FLOOR_IN_WORDS[task]}.`;
}

/** "0.6 billion", "134 million". */
export function inWords(parameters: number): string {
  if (parameters >= 0.5e9) return `${(parameters / 1e9).toFixed(1)} billion`;
  return `${Math.max(0.1, parameters / 1e6).toFixed(parameters < 10e6 ? 1 : 0)} million`;
}
