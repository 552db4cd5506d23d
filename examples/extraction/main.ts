/**
 * `node examples/extraction/main.ts [rows] [seed]`: a dataset file for `stillhouse datasets create`, one line a message, with the
 * gold answer and, as the recorded answer, one of the simulated teacher.
 */
import { extractionMessages } from './messages.ts';
import { answerOf, SYSTEM } from './order.ts';
import { simulatedTeacher } from './teacher.ts';

const [rows = 400, seed = 1] = process.argv.slice(2).map(Number);
const teach = simulatedTeacher(1, seed);
for (const message of extractionMessages(rows, seed, { values: 'seen', wordings: 'seen' })) {
  const messages = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: message.text },
  ];
  console.log(JSON.stringify({ messages, answer: teach(message)[0], gold: answerOf(message.order) }));
}
