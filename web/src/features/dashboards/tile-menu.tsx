import { ActionIcon, Menu } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { IconDots } from '~/ui/icons'
import type { TileActions } from './tile'

/** The same as the grip and the corner do, in words, and what they cannot. */
export default function TileMenu({ name, text, actions }: { name: string; text: boolean; actions: TileActions }) {
  const { t } = useLingui()
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t`Actions for ${name}`} ml="auto">
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={actions.edit}>{text ? t`Change the text` : t`Change the title`}</Menu.Item>
        <Menu.Item onClick={() => actions.nudge(0, -1)}>{t`Move up`}</Menu.Item>
        <Menu.Item onClick={() => actions.nudge(0, 1)}>{t`Move down`}</Menu.Item>
        <Menu.Item onClick={() => actions.size(1, 0)}>{t`Wider`}</Menu.Item>
        <Menu.Item onClick={() => actions.size(-1, 0)}>{t`Narrower`}</Menu.Item>
        <Menu.Item onClick={() => actions.size(0, 1)}>{t`Taller`}</Menu.Item>
        <Menu.Item onClick={() => actions.size(0, -1)}>{t`Shorter`}</Menu.Item>
        <Menu.Divider />
        <Menu.Item c="var(--app-bad)" onClick={actions.remove}>{t`Take away`}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
