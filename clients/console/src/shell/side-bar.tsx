import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconAffiliate,
  IconArrowsSplit,
  IconCloudComputing,
  IconDatabase,
  IconExternalLink,
  IconFlask,
  IconGauge,
  IconKey,
  IconLayoutDashboard,
  IconList,
  IconLogout,
  IconReportMoney,
  IconSchool,
  IconShieldLock,
} from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { overviewQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { signOut } from '../api/session.ts';
import { ColorSchemeSwitch } from './color-scheme-switch.tsx';
import { ConnectionState } from './connection-state.tsx';
import { Logo } from './logo.tsx';
import { ProjectSwitch } from './project-switch.tsx';
import classes from './side-bar.module.css';

const LINKS = [
  { to: '/', label: 'Overview', Icon: IconLayoutDashboard },
  { to: '/traces', label: 'Traces', Icon: IconList },
  { to: '/clusters', label: 'Clusters', Icon: IconAffiliate },
  { to: '/datasets', label: 'Datasets', Icon: IconDatabase },
  { to: '/distillations', label: 'Distillations', Icon: IconFlask },
  { to: '/aliases', label: 'Aliases', Icon: IconArrowsSplit },
  { to: '/students', label: 'Students', Icon: IconSchool },
  { to: '/providers', label: 'Providers', Icon: IconCloudComputing },
  { to: '/usage', label: 'Usage', Icon: IconReportMoney },
  { to: '/keys', label: 'Keys', Icon: IconKey },
  { to: '/limits', label: 'Limits', Icon: IconGauge },
  { to: '/privacy', label: 'Privacy', Icon: IconShieldLock },
] as const;

/** Navigation, project, state of the connection, colour scheme. */
export function SideBar({ onNavigate }: { onNavigate?: () => void }) {
  const { data: overview } = useQuery(overviewQuery(useApi()));
  const queryClient = useQueryClient();
  const leave = () => {
    queryClient.clear();
    signOut();
  };
  return (
    <div className={classes.bar}>
      <Link to="/" className={classes.brand} onClick={onNavigate}>
        <Logo size={32} />
        <span className={classes.name}>Stillhouse</span>
      </Link>
      <ProjectSwitch current={overview?.project} onChoose={onNavigate} />
      <nav className={classes.links} aria-label="Main">
        {LINKS.map(({ to, label, Icon }) => (
          <Link key={to} to={to} className={classes.link} activeOptions={{ exact: to === '/', includeSearch: false }} onClick={onNavigate}>
            <Icon size={17} stroke={1.7} aria-hidden />
            {label}
          </Link>
        ))}
      </nav>
      <div className={classes.foot}>
        {overview?.temporalUi && (
          <a className={classes.external} href={overview.temporalUi} target="_blank" rel="noreferrer">
            <IconExternalLink size={15} stroke={1.7} aria-hidden />
            Temporal’s UI
          </a>
        )}
        <ConnectionState />
        <div className={classes.row}>
          <ColorSchemeSwitch />
          <Tooltip label="Sign out: forget the key">
            <ActionIcon variant="subtle" color="gray" onClick={leave} aria-label="Sign out">
              <IconLogout size={16} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </div>
      </div>
    </div>
  );
}
