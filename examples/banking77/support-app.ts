/** The application of the demo: it sorts customers' messages with the ordinary `openai` client and calls the model `support`. It never changes. */
import { randomUUID } from 'node:crypto';
import OpenAI from 'openai';
import { DEMO_LABELS, type LabelledMessage } from './banking77.ts';

const SYSTEM = `Classify the customer's message. Answer with exactly one of: ${DEMO_LABELS.join(', ')}.`;

/** What the app saw of a batch of messages. */
export interface Outcome {
  answered: number;
  /** Messages whose answer was the right one. */
  right: number;
  /** Ids of the calls that were answered, as the app counts them. */
  calls: Set<string>;
  /** Latency of each answered call in milliseconds. */
  latenciesMs: number[];
  /** Calls that failed and were made again. */
  failures: number;
}

export interface SendOptions {
  baseURL: string;
  apiKey: string;
  /** Marks the calls: metadata `run`. */
  run: string;
  concurrency: number;
  onProgress?: (answered: number) => void;
}

/** Sends every message once; a call that fails is made again under a new id until it is answered. */
export async function sendMessages(messages: readonly LabelledMessage[], options: SendOptions): Promise<Outcome> {
  const client = new OpenAI({ baseURL: options.baseURL, apiKey: options.apiKey, maxRetries: 0, timeout: 60_000 });
  const outcome: Outcome = { answered: 0, right: 0, calls: new Set(), latenciesMs: [], failures: 0 };
  let next = 0;
  const lane = async () => {
    for (let message = messages[next++]; message; message = messages[next++]) {
      await sendOne(client, message, options, outcome);
      options.onProgress?.(outcome.answered);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, lane));
  return outcome;
}

async function sendOne(client: OpenAI, message: LabelledMessage, options: SendOptions, outcome: Outcome): Promise<void> {
  const attempts = 120;
  for (let attempt = 1; ; attempt++) {
    const call = randomUUID();
    const began = performance.now();
    try {
      const completion = await client.chat.completions.create({
        model: 'support',
        temperature: 0,
        messages: [
          { role: 'system', content: SYSTEM },
          { role: 'user', content: message.text },
        ],
        // `gold` is what a person would have answered: it evaluates, it is never sent on and never trains.
        metadata: { run: options.run, call, gold: message.label },
      });
      outcome.latenciesMs.push(performance.now() - began);
      outcome.calls.add(call);
      outcome.answered++;
      if (completion.choices[0]?.message.content?.trim() === message.label) outcome.right++;
      return;
    } catch (error) {
      const status = (error as { status?: number }).status;
      const passing = status === undefined || status === 429 || status >= 500;
      if (!passing || attempt === attempts) throw error;
      outcome.failures++;
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}
