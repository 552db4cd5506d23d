import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { CliError } from './cli-error.ts';

/** What is typed at a terminal, which does not show it; else all of the input. Without the line's end. */
export async function readSecret(prompt: string, input: NodeJS.ReadStream, output: NodeJS.WritableStream): Promise<string> {
  const secret = input.isTTY ? await typed(prompt, input, output) : await text(input);
  const trimmed = secret.trim();
  if (trimmed === '') throw new CliError('Nothing came on the standard input: nothing is changed.', { exitCode: 2 });
  return trimmed;
}

function typed(prompt: string, input: NodeJS.ReadStream, output: NodeJS.WritableStream): Promise<string> {
  output.write(prompt);
  // In a terminal's mode, readline turns its echo off and echoes by itself: into nothing.
  const lines = createInterface({ input, output: new Writable({ write: (_chunk, _encoding, done) => done() }), terminal: true });
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      lines.removeAllListeners('close');
      lines.close();
      output.write('\n');
      settle();
    };
    lines.once('line', (line) => end(() => resolve(line)));
    // Ctrl-C and Ctrl-D.
    lines.once('SIGINT', () => end(() => reject(new CliError('Nothing is changed.'))));
    lines.once('close', () => end(() => reject(new CliError('Nothing is changed.'))));
  });
}
