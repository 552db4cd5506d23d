import { IconRoute } from '@tabler/icons-react';
import { CommandLine } from '../components/command-line.tsx';
import { Empty } from '../components/empty.tsx';
import { Panel } from '../components/panel.tsx';

/** A call to copy, where none has come yet. */
export function FirstSteps() {
  const command = [
    `curl ${window.location.origin}/v1/chat/completions \\`,
    `  -H "authorization: Bearer $(cat .stillhouse/secrets/admin-key)" \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '{"model": "support", "messages": [{"role": "user", "content": "My card has not arrived"}]}'`,
  ].join('\n');
  return (
    <Panel>
      <Empty icon={<IconRoute size={34} stroke={1.4} />} title="No calls in the last 24 hours" next={<CommandLine command={command} />}>
        Send your app’s traffic through the gateway: any OpenAI client, with this address as its base URL. Every call becomes a trace, and
        traces become a dataset.
      </Empty>
    </Panel>
  );
}
