import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Empty } from '../components/empty.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';

/** An address that no page has. */
export function NotFound() {
  return (
    <Page title="No such page">
      <Panel>
        <Empty
          icon={<IconMapQuestion size={36} stroke={1.4} />}
          title="There is nothing at this address"
          next={
            <Button variant="default" renderRoot={(props) => <Link to="/" {...props} />}>
              To the overview
            </Button>
          }
        >
          The link may be old, or what it named has another name now.
        </Empty>
      </Panel>
    </Page>
  );
}
