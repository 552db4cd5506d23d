import { availableParallelism } from 'node:os';
import type { Llama, LlamaContextSequence, Token } from 'node-llama-cpp';
import type { Message } from '../../contracts/chat.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import { createComputeMeter, type ComputeMeter } from './compute-meter.ts';
import type {
  AnswerPiece,
  EngineStats,
  LanguageModelAnswer,
  LanguageModelEngine,
  LanguageModelEngineOptions,
  LanguageModelRequest,
  TeacherForced,
} from './engine-contract.ts';
import { generate, teacherForced } from './generate.ts';
import { createGrammars, type Grammars } from './grammars.ts';
import { openLlama } from './llama.ts';
import type { LoadedStudent } from './loaded-student.ts';
import { StudentMemory } from './student-memory.ts';

/** Calls that wait for their turn; a further one is told to come later. */
const MAX_WAITING = 1024;

/** Language-model students on llama.cpp, in this process. Nothing is loaded before the first call. */
export function createLanguageModelEngine(options: LanguageModelEngineOptions): LanguageModelEngine {
  return new LlamaEngine(options);
}

class LlamaEngine implements LanguageModelEngine {
  readonly #options: LanguageModelEngineOptions & { maxBytes: number; threads: number };
  readonly #closing = new AbortController();
  readonly #meter: ComputeMeter;
  readonly #memory: StudentMemory;
  readonly #grammars: Grammars;
  readonly #totals = { answers: 0, promptTokens: 0, cachedTokens: 0, answerTokens: 0 };
  #active = 0;
  #llama: Promise<Llama> | null = null;
  #device: 'cpu' | 'gpu' = 'cpu';

  constructor(options: LanguageModelEngineOptions) {
    const { maxBytes = Infinity, sequences = 4, maxContextTokens = 4096 } = options;
    const threads = Math.min(options.threads, availableParallelism());
    const llama = () => this.#open();
    this.#options = { ...options, maxBytes, threads };
    this.#meter = createComputeMeter(() => (this.#device === 'gpu' ? 1 : threads));
    this.#memory = new StudentMemory({ ...options, llama, threads, maxBytes, sequences, maxContextTokens });
    this.#grammars = createGrammars(llama);
  }

  prepare(manifest: ArtifactRef): Promise<LanguageModelManifest> {
    return this.#using(manifest, async (student) => {
      // The first computation of a context is a slow one: it is done here.
      const prompt = student.model.tokenize('.', false);
      await this.#computing(student, prompt, this.#closing.signal, (sequence) => teacherForced(sequence, prompt, prompt));
      return student.manifest;
    });
  }

  complete(
    manifest: ArtifactRef,
    request: LanguageModelRequest,
    { onToken, signal }: { onToken?: (piece: AnswerPiece) => void; signal?: AbortSignal } = {},
  ): Promise<LanguageModelAnswer> {
    return this.#using(manifest, async (student) => {
      const prompt = idsOf(student, request.messages);
      const maxTokens = Math.min(roomFor(student, prompt.length), request.maxTokens ?? student.manifest.maxAnswerTokens);
      const grammar = request.json ? await this.#grammars.begin(request.json.schema, student.model) : null;
      const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
      const { result, computeMs } = await this.#computing(student, prompt, either, (sequence) =>
        generate(sequence, { request, prompt, maxTokens, grammar, onToken, signal: either }),
      );
      this.#totals.answers += 1;
      this.#totals.promptTokens += result.promptTokens;
      this.#totals.cachedTokens += result.cachedTokens;
      this.#totals.answerTokens += result.tokens;
      return { ...result, computeMs, device: this.#device };
    });
  }

  promptIds(manifest: ArtifactRef, messages: readonly Message[]): Promise<number[]> {
    return this.#using(manifest, (student) => Promise.resolve(idsOf(student, messages)));
  }

  top1(manifest: ArtifactRef, promptIds: readonly number[], answerIds: readonly number[]): Promise<TeacherForced> {
    return this.#using(manifest, async (student) => {
      if (answerIds.length === 0) return { ids: [], logprobs: [] };
      if (answerIds.length > roomFor(student, promptIds.length)) throw tooLong(student, promptIds.length + answerIds.length);
      const [prompt, answer] = [promptIds as readonly Token[], answerIds as readonly Token[]];
      return (await this.#computing(student, prompt, this.#closing.signal, (sequence) => teacherForced(sequence, prompt, answer))).result;
    });
  }

  release(manifest: ArtifactRef): Promise<void> {
    return this.#memory.release(manifest);
  }

  stats(): EngineStats {
    return {
      students: this.#memory.students().map(({ student, active }) => ({
        manifestSha256: student.sha256,
        baseSha256: student.base.sha256,
        bytes: student.bytes,
        active,
        waiting: student.sequences.waiting(),
      })),
      bases: this.#memory.bases().map(({ base, students }) => ({ sha256: base.sha256, bytes: base.bytes, students })),
      bytes: this.#memory.bytes(),
      maxBytes: this.#options.maxBytes,
      active: this.#active,
      waiting: this.#waiting(),
      ...this.#memory.counts(),
      ...this.#totals,
      computeMs: this.#meter.total(),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#memory.close();
    await (await this.#llama?.catch(() => null))?.dispose();
  }

  /** Works with a student that stays loaded meanwhile. */
  async #using<T>(manifest: ArtifactRef, work: (student: LoadedStudent) => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw stopping();
    const lease = await this.#memory.lease(manifest);
    try {
      return await work(lease.student);
    } catch (error) {
      throw this.#closing.signal.aborted ? stopping() : error;
    } finally {
      lease.done();
    }
  }

  /** Computes on a sequence of the student, once one is free. */
  async #computing<T>(
    student: LoadedStudent,
    prompt: readonly Token[],
    signal: AbortSignal,
    work: (sequence: LlamaContextSequence) => Promise<T>,
  ): Promise<{ result: T; computeMs: number }> {
    if (this.#waiting() >= MAX_WAITING) throw new StillhouseError('unavailable', `${MAX_WAITING} calls wait for students already`);
    const sequence = await student.sequences.take(prompt, signal);
    this.#active += 1;
    const end = this.#meter.begin(this.#device === 'gpu' ? 1 : student.threads);
    try {
      const result = await work(sequence);
      return { result, computeMs: end() };
    } finally {
      // Ended twice it counts once: a call that failed has used its share too.
      end();
      this.#active -= 1;
      student.sequences.put(sequence);
    }
  }

  #waiting(): number {
    return this.#memory.students().reduce((sum, { student }) => sum + student.sequences.waiting(), 0);
  }

  #open(): Promise<Llama> {
    this.#llama ??= openLlama(this.#options).then(
      (llama) => {
        this.#device = llama.gpu === false ? 'cpu' : 'gpu';
        return llama;
      },
      (error: unknown) => {
        this.#llama = null;
        throw error;
      },
    );
    return this.#llama;
  }
}

/** Token ids of the templated messages. */
function idsOf(student: LoadedStudent, messages: readonly Message[]): Token[] {
  return student.writePrompt(messages).flatMap((part) => student.model.tokenize(part.text, part.control));
}

/** Tokens that an answer to so long a prompt can have. */
function roomFor(student: LoadedStudent, promptTokens: number): number {
  const room = student.contextTokens - promptTokens;
  if (room < 1) throw tooLong(student, promptTokens);
  return room;
}

function tooLong(student: LoadedStudent, tokens: number): StillhouseError {
  const message = `This student reads and writes at most ${student.contextTokens} tokens together, and the messages have ${tokens}`;
  return new StillhouseError('invalid_request', message, { param: 'messages', data: { contextTokens: student.contextTokens, tokens } });
}

function stopping(): StillhouseError {
  return new StillhouseError('unavailable', 'The student engine is stopping');
}
