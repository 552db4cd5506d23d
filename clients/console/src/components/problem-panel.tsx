import { Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { problemOf } from '../api/problem.ts';
import { Panel } from './panel.tsx';

/** What could not be loaded, why, and a way to try again. */
export function ProblemPanel({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = problemOf(error);
  return (
    <Panel>
      <Group align="flex-start" wrap="nowrap" gap="sm" role="alert">
        <IconAlertTriangle size={20} color="var(--bad)" style={{ flex: 'none', marginTop: 1 }} aria-hidden />
        <div style={{ minWidth: 0 }}>
          <Text fw={600}>{problem.title}</Text>
          <Text c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {problem.detail}
          </Text>
          {retry && (
            <Button mt="sm" size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          )}
        </div>
      </Group>
    </Panel>
  );
}
