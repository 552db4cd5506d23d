import { Burger, Drawer } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Outlet, useSearch } from '@tanstack/react-router';
import { ProjectScope } from '../api/project-scope.tsx';
import { ConnectionState } from './connection-state.tsx';
import { Logo } from './logo.tsx';
import { SideBar } from './side-bar.tsx';
import classes from './shell.module.css';

/** The frame of every page: navigation left, below 768 px behind a burger. */
export function Shell() {
  const { project } = useSearch({ from: '__root__' });
  return (
    <ProjectScope key={project ?? ''} project={project}>
      <Frame />
    </ProjectScope>
  );
}

function Frame() {
  const [menu, { open, close }] = useDisclosure(false);
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to the content
      </a>
      <div className={classes.side}>
        <SideBar />
      </div>
      <header className={classes.top}>
        <Burger opened={menu} onClick={open} size="sm" aria-label="Open the navigation" />
        <Logo size={24} />
        <span className={classes.topTitle}>Stillhouse</span>
        <ConnectionState compact />
      </header>
      <Drawer
        opened={menu}
        onClose={close}
        size={264}
        padding={0}
        withCloseButton={false}
        title="Navigation"
        styles={{ header: { display: 'none' }, body: { height: '100%' } }}
      >
        <SideBar onNavigate={close} />
      </Drawer>
      <main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
    </div>
  );
}
