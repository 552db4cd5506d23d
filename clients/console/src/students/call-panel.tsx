import type { Student } from '../../../../contracts/distil.ts';
import { CommandLine } from '../components/command-line.tsx';
import { Panel } from '../components/panel.tsx';
import classes from '../distillations/distillation.module.css';

/** How an app calls the student. */
export function CallPanel({ student }: { student: Student }) {
  return (
    <Panel title="Call it" className={classes.last}>
      <CommandLine command={callOf(student)} />
    </Panel>
  );
}

function callOf(student: Student): string {
  return [
    `curl ${window.location.origin}/v1/chat/completions \\`,
    `  -H "authorization: Bearer $(cat .stillhouse/secrets/admin-key)" \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '{"model": "student/${student.name}", "messages": [{"role": "user", "content": "…"}]}'`,
  ].join('\n');
}
