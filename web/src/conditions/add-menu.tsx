import { Button, Menu } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { keyedKinds, type LeafKind } from '~/api/condition'
import { IconPlus } from '~/ui/icons'
import { useBuilder } from './context'
import type { Addable } from './kinds'
import { menuInPage } from './menu'
import { useWords } from './words'
import classes from './builder.module.css'

/** What rests on stage models, so that they cannot ask for it. */
const beyond: Addable[] = ['segment', 'rfm']

/** All that can be added to a group, with what each is for. */
export function AddMenu({ label, add, keyed = false }: { label: string; add: (kind: Addable) => void; keyed?: boolean }) {
  const { t } = useLingui()
  const words = useWords()
  const { stages } = useBuilder()
  const sections: { title: string; kinds: Addable[] }[] = [
    { title: t`What they did`, kinds: ['did', 'sequence', 'lapse', 'compare', 'keyed'] },
    { title: t`Who they are`, kinds: ['trait', 'stage', 'segment', 'rfm', 'sample'] },
    { title: t`What they got`, kinds: ['message', 'consent'] },
    { title: t`Groups`, kinds: ['any', 'all'] },
  ]
  const can = (kind: Addable) => !(stages && beyond.includes(kind)) && (!keyed || kind === 'all' || kind === 'any' || keyedKinds.includes(kind as LeafKind))
  return (
    <Menu position="bottom-start" width={330} shadow="lg" {...menuInPage}>
      <Menu.Target>
        <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} data-add>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={440} style={{ overflowY: 'auto' }}>
        {sections.map((section) => {
          const kinds = section.kinds.filter(can)
          if (kinds.length === 0) return null
          return [
            <Menu.Label key={section.title}>{section.title}</Menu.Label>,
            ...kinds.map((kind) => (
              <Menu.Item key={kind} onClick={() => add(kind)}>
                <span className={classes.addItem}>
                  <strong>{words.kind(kind).label}</strong>
                  <small>{words.kind(kind).note}</small>
                </span>
              </Menu.Item>
            )),
          ]
        })}
      </Menu.Dropdown>
    </Menu>
  )
}
