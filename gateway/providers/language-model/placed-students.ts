import { StillhouseError } from '../../../contracts/errors.ts';
import type { Student } from '../../../contracts/distil.ts';
import type { ProviderAnswer, ProviderCall } from '../provider.ts';
import type { PlacedStudent, StudentBackend } from './student-backend.ts';
import { textAlone } from './text-alone.ts';

/** Language-model students, wherever the registry places them. */
export interface PlacedStudents {
  call(student: Student, call: ProviderCall): Promise<ProviderAnswer>;
  /** Why a student can't be asked; null where it can. */
  refusal(student: Student): string | null;
  prepare(student: Student): Promise<void>;
  release(student: Student): Promise<void>;
  close(): Promise<void>;
}

/** The placement of students that name none. */
export const LOCAL = 'local';

/** Students by the backends of their placements. */
export function placedStudents(backends: ReadonlyMap<string, StudentBackend>): PlacedStudents {
  const refusal = (student: Student): string | null => {
    const placement = student.placement ?? LOCAL;
    const backend = backends.get(placement);
    return backend ? backend.refusal : `its placement "${placement}" is no student server of stillhouse.yaml`;
  };
  const backendOf = (student: Student): StudentBackend => {
    const why = refusal(student);
    if (why !== null) throw new StillhouseError('unavailable', `The student "${student.name}" cannot be asked: ${why}`);
    return backends.get(student.placement ?? LOCAL)!;
  };
  return {
    refusal,
    async call(student, call) {
      const backend = backendOf(student);
      const request = textAlone(call.request, student.name);
      return backend.call(placed(student), request === call.request ? call : { ...call, request });
    },
    prepare: async (student) => backendOf(student).prepare(placed(student)),
    release: async (student) => backendOf(student).release(placed(student)),
    close: async () => void (await Promise.all([...backends.values()].map((backend) => backend.close()))),
  };
}

function placed({ name, manifest }: Student): PlacedStudent {
  return { id: `${name}-${manifest.sha256.slice(0, 12)}`, target: `student/${name}`, manifest };
}
