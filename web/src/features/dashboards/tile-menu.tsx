import { ActionIcon, Menu } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Tile } from '~/api/dashboards'
import { IconCheck, IconDots } from '~/ui/icons'
import type { TileActions } from './tile'

/** The same as the grip and the corner do, in words, and what they cannot. */
export default function TileMenu({ name, text, form, actions }: { name: string; text: boolean; /** Of a trend: how it is drawn; null as it fits. */ form?: Tile['form'] | null; actions: TileActions }) {
  const { t } = useLingui()
  const forms: [Tile['form'], string][] = [[undefined, t`Drawn as it fits`], ['lines', t`As lines`], ['bars', t`As bars`], ['number', t`As a number`]]
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
        {form !== undefined && (
          <>
            <Menu.Divider />
            {forms.map(([key, label]) => (
              <Menu.Item key={key ?? ''} role="menuitemradio" aria-checked={(form ?? undefined) === key} rightSection={(form ?? undefined) === key ? <IconCheck size={15} aria-hidden /> : undefined} onClick={() => actions.form(key)}>
                {label}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        <Menu.Item c="var(--app-bad)" onClick={actions.remove}>{t`Take away`}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
