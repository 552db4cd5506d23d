import { TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { AliasForm } from './alias-form.tsx';

/** A new name for apps to call. */
export function NewAliasPage() {
  const [name, setName] = useState('');
  const navigate = useNavigate();
  return (
    <Page
      title="New alias"
      parent={{ label: 'Aliases', to: '/aliases' }}
      lead="An app that asks for this name is answered by its targets, by weight."
    >
      <div style={{ maxWidth: 560 }}>
        <Panel title="Alias">
          <TextInput
            label="Name"
            description="What the app writes as its model"
            placeholder="support"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            mb="lg"
            required
          />
          <AliasForm
            name={name.trim()}
            current={null}
            verb="Make the alias"
            onSaved={(version) => void navigate({ to: '/aliases/$name', params: { name: version.name } })}
          />
        </Panel>
      </div>
    </Page>
  );
}
