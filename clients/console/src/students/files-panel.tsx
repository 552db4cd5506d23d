import { ActionIcon, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { Student } from '../../../../contracts/distil.ts';
import type { StudentFile } from '../../../../contracts/students.ts';
import { problemOf } from '../api/problem.ts';
import { studentFilesQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { DataTable } from '../components/data-table.tsx';
import { Panel } from '../components/panel.tsx';
import { ShortHash } from '../components/short-hash.tsx';
import { formatBytes } from '../format/numbers.ts';
import classes from './student.module.css';

/** A browser holds a download in memory until it is whole: larger files go through the command line. */
const MOST_BROWSER_BYTES = 500e6;

/** What the student is made of, to take elsewhere. */
export function FilesPanel({ student }: { student: Student }) {
  const files = useQuery(studentFilesQuery(useApi(), student.name, student.version)).data ?? [];
  return (
    <Panel title="Files" flush>
      <DataTable
        caption="Files"
        items={files}
        rowKey={({ file }) => file}
        columns={[
          {
            label: 'File',
            cell: (file) => (
              <span className={classes.file}>
                <span className="mono">{file.file}</span>
                <Download name={student.name} file={file} />
              </span>
            ),
          },
          { label: 'What it is', cell: ({ about }) => <span className="dimmed">{about}</span>, card: 'whole' },
          { label: 'Size', number: true, cell: ({ bytes }) => formatBytes(bytes) },
          { label: 'SHA-256', cell: ({ sha256 }) => <ShortHash hash={sha256} /> },
        ]}
      />
      <div className={classes.pull}>
        <CommandLine command={`npm run stillhouse -- students pull ${student.name} --to ./${student.name}`} />
      </div>
    </Panel>
  );
}

function Download({ name, file }: { name: string; file: StudentFile }) {
  const api = useApi();
  const download = useMutation({
    mutationFn: async () => save(await new Response(await api.students.download(name, file.file)).blob(), `${name}.${file.file}`),
    onError: (error) => notifications.show({ color: 'red', message: problemOf(error).detail }),
  });
  if (file.bytes > MOST_BROWSER_BYTES) return null;
  return (
    <Tooltip label="Download">
      <ActionIcon
        variant="subtle"
        color="gray"
        loading={download.isPending}
        onClick={() => download.mutate()}
        aria-label={`Download ${file.file}`}
      >
        <IconDownload size={17} />
      </ActionIcon>
    </Tooltip>
  );
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
