import { Button, Group, Popover, Text } from '@mantine/core';
import type { ButtonProps } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';

interface ConfirmButtonProps extends ButtonProps {
  /** What will happen, in a sentence. */
  question: React.ReactNode;
  /** The verb of the button that does it. */
  verb: string;
  danger?: boolean;
  onConfirm: () => void;
}

/** A button that asks once more, beside itself. */
export function ConfirmButton({ question, verb, danger = false, onConfirm, children, ...button }: ConfirmButtonProps) {
  const [opened, { close, toggle }] = useDisclosure(false);
  const confirm = () => {
    close();
    onConfirm();
  };
  return (
    <Popover opened={opened} onChange={close} withArrow trapFocus returnFocus position="bottom-end" shadow="md" width={290}>
      <Popover.Target>
        <Button variant="default" size="xs" {...button} onClick={toggle}>
          {children}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Text fz="sm">{question}</Text>
        <Group justify="flex-end" gap="xs" mt="sm">
          <Button size="xs" variant="subtle" color="gray" onClick={close}>
            Keep as it is
          </Button>
          <Button size="xs" {...(danger ? { color: 'red.8' } : {})} onClick={confirm} data-autofocus>
            {verb}
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
