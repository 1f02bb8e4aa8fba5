import { Kbd, Modal } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useNav } from './nav'
import classes from './shell.module.css'

/** The list of keys that work on every page. */
export function ShortcutsDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const groups = useNav()
  const rows: [string[], string][] = [
    [['/'], t`Find a customer or a page`],
    [['?'], t`This list`],
    [['←', '→'], t`Move through the points of a chart`],
    [[t`Space`], t`Play or pause the time-lapse`],
    [['Esc'], t`Close a dialog`],
    ...groups.flatMap((g) => g.items).map((i): [string[], string] => [['g', i.keys], i.label]),
  ]
  return (
    <Modal opened={opened} onClose={close} title={t`Keyboard shortcuts`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      <dl className={classes.keys}>
        {rows.map(([keys, label]) => (
          <div key={label}>
            <dt>
              {keys.map((k) => (
                <Kbd key={k}>{k}</Kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
