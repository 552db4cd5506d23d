import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { CreatedKey } from '../../../../contracts/keys.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { KeyForm } from './key-form.tsx';
import classes from './keys.module.css';

/** A new key, and the only sight of its secret. */
export function NewKeyPage() {
  const [made, setMade] = useState<CreatedKey | null>(null);
  return (
    <Page
      title={made ? made.name : 'New key'}
      parent={{ label: 'Keys', to: '/keys' }}
      lead={made ? 'It is good from now on, at every gateway within a second.' : 'What an app may call, and how much of it.'}
    >
      <div className={classes.narrow}>{made ? <Secret made={made} /> : <NewKeyForm onMade={setMade} />}</div>
    </Page>
  );
}

function NewKeyForm({ onMade }: { onMade: (key: CreatedKey) => void }) {
  const api = useApi();
  return (
    <Panel title="Key">
      <KeyForm current={null} verb="Make the key" send={(body) => api.keys.create(body)} onSaved={onMade} />
    </Panel>
  );
}

function Secret({ made }: { made: CreatedKey }) {
  return (
    <Panel title="The key" hint="shown this once: only its hash is kept">
      <CommandLine command={made.secret} />
      <div className={classes.sub}>Any OpenAI client takes it</div>
      <CommandLine command={`OPENAI_BASE_URL=${window.location.origin}/v1 OPENAI_API_KEY=${made.secret}`} />
      <div className={classes.next}>
        <Button variant="default" renderRoot={(props) => <Link to="/keys/$id" params={{ id: made.id }} {...props} />}>
          I have copied it
        </Button>
      </div>
    </Panel>
  );
}
