import { isStillhouseError, StillhouseError, type ErrorCode } from '../../../contracts/errors.ts';
import { upstreamBody, type UpstreamEdits } from '../../chat/chat-request.ts';
import type { ProviderAnswer, ProviderCall } from '../provider.ts';
import { BackendConnection, errorOf } from './backend-connection.ts';
import { withPrice, type PriceOf } from './compute-price.ts';
import { replicaOrder } from './replica-order.ts';
import type { PlacedStudent, StudentBackend } from './student-backend.ts';

export interface StudentServerBackendOptions {
  /** Id of the placement. */
  id: string;
  /** Base URLs of the replicas. */
  urls: readonly string[];
  key: string | undefined;
  priceOf: PriceOf;
}

/** Another replica can mend these: the answer has not begun, and students charge nothing. */
const ELSEWHERE = new Set<ErrorCode>(['upstream_unreachable', 'upstream_reset', 'unavailable']);

/** Of what the other student servers can do, all that ours can't. */
const WITHOUT_BIASES: UpstreamEdits = { fields: { logit_bias: null }, streamUsage: true };

interface Replica {
  url: string;
  connection: BackendConnection;
  /** Students that are being put there: calls that come meanwhile wait for the same. */
  putting: Map<string, Promise<void>>;
}

/** Our own student servers (`serving/student-server`). */
export function studentServerBackend(options: StudentServerBackendOptions): StudentBackend {
  const { id, urls, key, priceOf } = options;
  const replicas: Replica[] = urls.map((url) => ({
    url,
    connection: new BackendConnection({ name: `student server ${id}`, baseUrl: url, key }),
    putting: new Map(),
  }));

  async function ask(replica: Replica, student: PlacedStudent, call: ProviderCall, body: string): Promise<ProviderAnswer> {
    const answer = await replica.connection.chat(body, call);
    if (answer.status !== 404 || answer.form !== 'whole' || !isUnknownModel(answer.text)) return answer;
    // It was restarted, or never had this student.
    await put(replica, student);
    return replica.connection.chat(body, call);
  }

  /** Tries the student's replicas in their order. */
  async function anywhere<T>(student: PlacedStudent, work: (replica: Replica, isLast: boolean) => Promise<T | null>): Promise<T> {
    const order = replicaOrder(replicas, student.id);
    for (const [index, replica] of order.entries()) {
      const isLast = index === order.length - 1;
      try {
        const result = await work(replica, isLast);
        if (result !== null) return result;
      } catch (error) {
        if (isLast || !isStillhouseError(error) || !ELSEWHERE.has(error.code)) throw error;
      }
    }
    throw new StillhouseError('unavailable', `The placement "${id}" has no student server`);
  }

  return {
    refusal: urls.length > 0 ? null : `no student server is configured for "${id}" (STILLHOUSE_STUDENT_URLS)`,
    async call(student, call) {
      const body = upstreamBody(call.request, student.id, call.request.lenient ? WITHOUT_BIASES : undefined);
      const began = performance.now();
      const answer = await anywhere(student, async (replica, isLast) => {
        const one = await ask(replica, student, call, body);
        // One that is stopping says so.
        return one.status === 503 && !isLast ? null : one;
      });
      return withPrice(answer, priceOf, began);
    },
    prepare: (student) => anywhere(student, (replica) => put(replica, student)),
    async release(student) {
      // Any of them may have had it, for a time when another was down.
      await Promise.all(replicas.map(({ connection }) => connection.manage('DELETE', `/students/${student.id}`).catch(() => undefined)));
    },
    close: async () => void (await Promise.all(replicas.map(({ connection }) => connection.close()))),
  };
}

function put(replica: Replica, student: PlacedStudent): Promise<void> {
  const putting = replica.putting.get(student.id) ?? send(replica, student).finally(() => replica.putting.delete(student.id));
  replica.putting.set(student.id, putting);
  return putting;
}

async function send({ connection }: Replica, student: PlacedStudent): Promise<void> {
  const { key, sha256, bytes } = student.manifest;
  const answer = await connection.manage('PUT', `/students/${student.id}`, { manifest: { key, sha256, bytes }, name: student.target });
  if (answer.status >= 300) throw connection.refused(answer, `load ${student.target}`);
}

function isUnknownModel(text: string): boolean {
  try {
    return errorOf(JSON.parse(text)).code === 'model_not_found';
  } catch {
    return false;
  }
}
