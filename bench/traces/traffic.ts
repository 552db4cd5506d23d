import type { TraceRow } from '../../contracts/traces.ts';
import { seededRandom } from '../../core/random.ts';
import { readBanking77 } from '../../examples/banking77/banking77.ts';

/** What the traffic is made of. */
export const PROJECTS = 24;
export const SPAN_MS = 90 * 86_400_000;
const MODELS = [
  'openai/gpt-5',
  'openai/gpt-5-mini',
  'anthropic/claude-sonnet',
  'anthropic/claude-haiku',
  'google/gemini-pro',
  'google/gemini-flash',
  'groq/llama-70b',
  'mistral/large',
  'together/qwen-32b',
  'deepseek/v3',
  'openai/gpt-4o-mini',
  'cohere/command',
];
const ERRORS = ['rate_limited', 'upstream_timeout', 'unavailable', 'invalid_request'];
/** Words of one message are shuffled, so that no body comes twice; a call's text is about this long. */
const PROMPT_CHARACTERS = 230;
const ANSWER_CHARACTERS = 130;

/** Rare words, each once in that many calls: what searches look for. */
export const RARE = { word: 'zyxquartz', every: 5_003 };
export const SELDOM = { word: 'chargeback7', every: 997 };

/** A project of the traffic: the first are the busiest. */
export const projectName = (n: number): string => `project-${n}`;

/**
 * The n-th call and those after it, always the same for a seed: over 90 days, 24 projects of different sizes, 12 models, 2 %
 * errors; texts are Banking77's with the words of each shuffled. `total` spreads them over the time, `spanMs`.
 */
export function traffic(seed: number, total: number, endMs: number, spanMs = SPAN_MS): (n: number) => TraceRow {
  const messages = readBanking77('train').map(({ text }) => text.split(/\s+/).filter(Boolean));
  const random = seededRandom(seed);
  const beganMs = endMs - spanMs;
  const below = (limit: number) => Math.floor(random() * limit);
  const hex = (digits: number) =>
    below(16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  const text = (characters: number): string => {
    let made = '';
    while (made.length < characters) {
      const words = messages[below(messages.length)]!.slice();
      for (let i = words.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [words[i], words[j]] = [words[j]!, words[i]!];
      }
      made += `${made === '' ? '' : ' '}${words.join(' ')}`;
    }
    return made;
  };
  return (n) => {
    const ms = beganMs + Math.floor((n * spanMs) / total) + below(90);
    const time = ms.toString(16).padStart(12, '0');
    const project = Math.min(below(PROJECTS), below(PROJECTS));
    const target = MODELS[Math.min(below(MODELS.length), below(MODELS.length))]!;
    const [provider = '', model = ''] = target.split('/');
    const failed = random() < 0.02;
    const errorClass = failed ? ERRORS[below(ERRORS.length)]! : '';
    const marks = `${n % RARE.every === 7 ? ` ${RARE.word}` : ''}${n % SELDOM.every === 5 ? ` ${SELDOM.word}` : ''}`;
    const prompt = `${text(40 + below(2 * PROMPT_CHARACTERS - 80))}${marks}`;
    const answer = failed ? '' : text(20 + below(2 * ANSWER_CHARACTERS - 40));
    const [tokensIn, tokensOut] = [40 + Math.ceil(prompt.length / 4), Math.ceil(answer.length / 4)];
    const latencyMs = 120 + below(400) + Math.floor(1.000215 ** below(40_000));
    const alias = `alias-${project}-${below(6)}`;
    const costUsd = (tokensIn * 1.5 + tokensOut * 6) / 1e6;
    const request = { model: alias, messages: [{ role: 'user', content: prompt }], temperature: below(10) / 10 };
    const choices = [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }];
    return {
      v: 2,
      id: `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`,
      ts: new Date(ms).toISOString().replace('T', ' ').slice(0, 23),
      project: projectName(project),
      origin: 'app',
      key_id: `key-${project}-${below(8)}`,
      alias,
      alias_version: 1 + below(9),
      router_decision: '',
      target,
      provider,
      model_asked: alias,
      model_answered: model,
      status: failed ? 'error' : 'ok',
      http_status: failed ? 500 : 200,
      error_class: errorClass,
      error_message: '',
      streamed: below(2) === 0,
      request: JSON.stringify(request),
      response: failed ? '{"error":{}}' : JSON.stringify({ id: `chatcmpl-${hex(12)}`, object: 'chat.completion', model, choices }),
      prompt_text: prompt,
      answer_text: answer,
      tools: [],
      tools_called: [],
      parameters: '{"temperature":0.5}',
      finish_reason: failed ? '' : 'stop',
      tokens_in: tokensIn,
      tokens_out: tokensOut,
      tokens_cached: below(4) === 0 ? Math.floor(tokensIn / 2) : 0,
      tokens_cache_write: 0,
      tokens_reasoning: 0,
      cost_usd: costUsd,
      cost_input_usd: (tokensIn * 1.5) / 1e6,
      cost_output_usd: (tokensOut * 6) / 1e6,
      cost_cached_usd: 0,
      cost_cache_write_usd: 0,
      latency_ms: latencyMs,
      first_token_ms: Math.floor(latencyMs / 3),
      user_id: `user-${below(200_000)}`,
      session_id: `session-${project}-${Math.floor(n / 5)}`,
      metadata: { customer: `c${below(20_000)}`, env: ['prod', 'staging', 'dev'][Math.min(below(3), below(3))]!, request: hex(10) },
      attempts: [
        {
          target,
          provider,
          model,
          status: failed ? 500 : 200,
          error_class: errorClass,
          latency_ms: latencyMs,
          tokens_in: tokensIn,
          tokens_out: tokensOut,
          cost_usd: costUsd,
        },
      ],
    };
  };
}
