import { type Message, textOf } from '../../contracts/chat.ts';
import type { DatasetExportFormat, DatasetRow } from '../../contracts/datasets.ts';

type ExportedRow = Pick<DatasetRow, 'messages' | 'tools' | 'responseFormat' | 'reference'>;

const WRITERS: Record<DatasetExportFormat, (row: ExportedRow, gold: string | null) => object> = {
  openai: openAIExample,
  sharegpt: shareGPTExample,
  stillhouse: ({ messages, reference, tools, responseFormat }, gold) => ({
    messages,
    answer: reference,
    ...(gold === null ? {} : { gold }),
    ...(tools ? { tools } : {}),
    ...(responseFormat == null ? {} : { response_format: responseFormat }),
  }),
};

/**
 * A row as one line of JSON. `openai`: an example of its supervised fine-tuning; `sharegpt`: as LLaMA-Factory documents it;
 * `stillhouse`: a line that a dataset can be built from again. `gold`, where it is given, is the answer to learn; of `stillhouse` it
 * stands beside the answer.
 */
export function exportLine(format: DatasetExportFormat, row: ExportedRow, gold: string | null = null): string {
  return JSON.stringify(WRITERS[format](row, gold));
}

function openAIExample({ messages, tools, reference }: ExportedRow, gold: string | null): object {
  const answer = { role: 'assistant', content: gold ?? reference };
  return { messages: [...messages, answer], ...(tools ? { tools } : {}) };
}

interface Turn {
  from: 'system' | 'human' | 'gpt' | 'function_call' | 'observation';
  value: string;
}

function shareGPTExample({ messages, tools, reference }: ExportedRow, gold: string | null): object {
  const images: string[] = [];
  const system = messages.filter(isSystem).map(textOf).join('\n\n');
  const turns = messages.filter((message) => !isSystem(message)).flatMap((message) => turnsOf(message, images));
  const conversations = [...turns, { from: 'gpt', value: gold ?? reference }];
  return {
    conversations,
    ...(system === '' ? {} : { system }),
    // A text there, not a list.
    ...(tools ? { tools: JSON.stringify(tools.map(declaration)) } : {}),
    ...(images.length > 0 ? { images } : {}),
  };
}

function isSystem({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

function turnsOf(message: Message, images: string[]): Turn[] {
  if (message.role === 'tool' || message.role === 'function') return [{ from: 'observation', value: valueOf(message, images) }];
  if (message.role !== 'assistant') return [{ from: 'human', value: valueOf(message, images) }];
  const value = valueOf(message, images);
  const calls = (Array.isArray(message['tool_calls']) ? message['tool_calls'] : []) as {
    function?: { name?: string; arguments?: string };
  }[];
  const called = calls.map((call) => ({ name: call.function?.name ?? '', arguments: argumentsOf(call.function?.arguments) }));
  return [
    ...(value === '' ? [] : [{ from: 'gpt', value } as const]),
    ...(called.length === 0 ? [] : [{ from: 'function_call', value: JSON.stringify(called.length === 1 ? called[0] : called) } as const]),
  ];
}

/** Its text; an image stands in it as `<image>`, and in `images` as its address. */
function valueOf(message: Message, images: string[]): string {
  if (!Array.isArray(message.content)) return textOf(message);
  return message.content
    .map((part) => {
      if (part.type !== 'image_url') return textOf({ role: '', content: [part] });
      images.push((part['image_url'] as { url?: string } | undefined)?.url ?? '');
      return '<image>';
    })
    .join('');
}

/** What a model called a tool with: JSON, unless the model wrote none. */
function argumentsOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return text;
  }
}

function declaration(tool: unknown): unknown {
  return (tool as { function?: unknown }).function ?? tool;
}
