import { ActionIcon, Menu, Select, UnstyledButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Cond } from '~/api/condition'
import { IconCopy, IconDots, IconDown, IconTrash, IconUp } from '~/ui/icons'
import { AddMenu } from './add-menu'
import type { Addable } from './kinds'
import { useBuilder, useFaults } from './context'
import { ConsentFields, RfmFields, SampleFields, SegmentFields, StageFields } from './customer-fields'
import { CompareFields, DidFields, LapseFields, MessageFields, SequenceFields } from './event-fields'
import { FaultLines, RemoveButton } from './lines'
import { MatchFields } from './match-fields'
import { menuInPage } from './menu'
import { NameField } from './suggest'
import { bare, canUnwrap, type GroupMode, insideKeyed, isGroup, keyedOf, leafKind, modeOf, parts, type Path, place, put } from './tree'
import { useWords } from './words'
import classes from './builder.module.css'

/** What can be done with the condition at a path. */
export type Actions = {
  edit: (path: Path, next: Cond) => void
  mode: (path: Path, mode: GroupMode) => void
  add: (path: Path, kind: Addable) => void
  remove: (path: Path) => void
  duplicate: (path: Path) => void
  wrap: (path: Path) => void
  unwrap: (path: Path) => void
  negate: (path: Path) => void
  move: (path: Path, by: -1 | 1) => void
}

type Props = { root: Cond; node: Cond; path: Path; actions: Actions }

/** One condition or group, and all below it. */
export function Row(props: Props) {
  const { node } = bare(props.node)
  if (isGroup(node)) return <GroupRow {...props} />
  if ('keyed' in node) return <KeyedRow {...props} />
  return <LeafRow {...props} />
}

const nameOf = (path: Path) => path.map((i) => i + 1).join('.')

function GroupRow({ root, node, path, actions }: Props) {
  const { t } = useLingui()
  const { readOnly } = useBuilder()
  const mode = modeOf(node)
  const list = parts(node)
  const top = path.length === 0
  const here = place(root, path)
  const joined = mode === 'all' || mode === 'not_all' ? t`and` : t`or`
  const names: Record<GroupMode, string> = { all: t`All of these`, any: t`Any of these`, none: t`None of these`, not_all: t`Not all of these` }
  return (
    <div className={classes.group} data-path={path.join('.')} data-top={top || undefined} data-negated={mode === 'none' || mode === 'not_all' || undefined} tabIndex={0} role="group" aria-label={top ? names[mode] : t`Group ${nameOf(path)}: ${names[mode]}`} aria-describedby={`faults-${path.join('-')}`}>
      <div className={classes.head}>
        <Select size="xs" w={205} aria-label={t`How the conditions are joined`} allowDeselect={false} disabled={readOnly} classNames={{ input: classes.mode }} data={(['all', 'any', 'none', 'not_all'] as const).map((m) => ({ value: m, label: names[m] }))} value={mode} onChange={(m) => m && actions.mode(path, m as GroupMode)} />
        {!top && <Tools root={root} path={path} actions={actions} />}
      </div>
      <div className={classes.parts}>
        {list.map((child, i) => (
          <div key={i} className={classes.part}>
            {i > 0 && <span className={classes.joint} aria-hidden>{joined}</span>}
            <Row root={root} node={child} path={[...path, i]} actions={actions} />
          </div>
        ))}
      </div>
      <FaultLines place={here} own id={`faults-${path.join('-')}`} />
      {!readOnly && <AddMenu label={list.length === 0 ? t`Add a condition` : t`Add`} add={(kind) => actions.add(path, kind)} keyed={insideKeyed(root, [...path, 0])} />}
    </div>
  )
}

function KeyedRow({ root, node, path, actions }: Props) {
  const { t } = useLingui()
  const words = useWords()
  const keyed = keyedOf(node)!
  const here = place(root, path)
  const negated = bare(node).negated
  const at = `${here}.keyed`
  return (
    <div className={classes.group} data-path={path.join('.')} data-negated={negated || undefined} tabIndex={0} role="group" aria-label={`${nameOf(path)}: ${words.kind('keyed').label}`} aria-describedby={`faults-${path.join('-')}`}>
      <div className={classes.head}>
        <Not negated={negated} onClick={() => actions.negate(path)} />
        <span className={classes.kind}>{words.kind('keyed').label}</span>
        <span>{t`with the same`}</span>
        <NameField source={{ of: 'property', event: firstEvent(keyed.when) }} value={keyed.by} label={t`Property that must be the same`} place={`${at}.by`} onChange={(by) => actions.edit(path, put(root, path, negated ? { not: { keyed: { ...keyed, by } } } : { keyed: { ...keyed, by } }))} w={170} />
        <Tools root={root} path={path} actions={actions} />
      </div>
      <FaultLines place={`${at}.by`} own id={`faults-${path.join('-')}`} />
      <div className={classes.parts}>
        <Row root={root} node={keyed.when} path={[...path, 0]} actions={actions} />
      </div>
    </div>
  )
}

/** The first event named anywhere in a condition: its properties are offered as keys. */
function firstEvent(node: Cond): string | undefined {
  const { node: n } = bare(node)
  if ('did' in n) return n.did.event
  if ('lapse' in n) return n.lapse.event
  if ('sequence' in n) return n.sequence.steps[0]?.event
  if ('compare' in n) return n.compare.a.event
  for (const child of parts(n)) {
    const found = firstEvent(child)
    if (found) return found
  }
  return undefined
}

function LeafRow({ root, node, path, actions }: Props) {
  const { t } = useLingui()
  const words = useWords()
  const { node: n, negated } = bare(node)
  const kind = leafKind(node)
  const here = place(root, path)
  const faults = useFaults(here)
  const id = `faults-${path.join('-')}`
  const set = (next: Cond) => actions.edit(path, put(root, path, negated ? { not: next } : next))
  return (
    <div className={classes.leaf} data-path={path.join('.')} data-negated={negated || undefined} data-state={faults.some((f) => !f.soft) ? 'bad' : faults.length > 0 ? 'gap' : undefined} tabIndex={0} role="group" aria-label={`${nameOf(path)}: ${negated ? `${t`not`} ` : ''}${kind && kind !== 'keyed' ? words.kind(kind).label : t`Condition`}`} aria-describedby={faults.length > 0 ? id : undefined}>
      <Not negated={negated} onClick={() => actions.negate(path)} />
      <span className={classes.kind}>{kind ? words.kind(kind).label : t`A condition that this version does not know`}</span>
      {'did' in n && <DidFields did={n.did} place={`${here}.did`} onChange={(did) => set({ did })} />}
      {'trait' in n && <MatchFields match={n.trait} source={{ of: 'trait' }} place={`${here}.trait`} onChange={(trait) => set({ trait })} />}
      {'sequence' in n && <SequenceFields sequence={n.sequence} place={`${here}.sequence`} onChange={(sequence) => set({ sequence })} />}
      {'lapse' in n && <LapseFields lapse={n.lapse} place={`${here}.lapse`} onChange={(lapse) => set({ lapse })} />}
      {'compare' in n && <CompareFields compare={n.compare} place={`${here}.compare`} onChange={(compare) => set({ compare })} />}
      {'stage' in n && <StageFields stage={n.stage} place={`${here}.stage`} onChange={(stage) => set({ stage })} />}
      {'segment' in n && <SegmentFields name={n.segment.key} place={`${here}.segment`} onChange={(key) => set({ segment: { key } })} />}
      {'consent' in n && <ConsentFields consent={n.consent} place={`${here}.consent`} onChange={(consent) => set({ consent })} />}
      {'message' in n && <MessageFields message={n.message} place={`${here}.message`} onChange={(message) => set({ message })} />}
      {'rfm' in n && <RfmFields rfm={n.rfm} onChange={(rfm) => set({ rfm })} />}
      {'sample' in n && <SampleFields sample={n.sample} place={`${here}.sample`} onChange={(sample) => set({ sample })} />}
      <Tools root={root} path={path} actions={actions} />
      <FaultLines place={here} id={id} />
    </div>
  )
}

function Not({ negated, onClick }: { negated: boolean; onClick: () => void }) {
  const { t } = useLingui()
  const { readOnly } = useBuilder()
  return (
    <UnstyledButton className={classes.not} aria-pressed={negated} disabled={readOnly} onClick={onClick} title={negated ? t`Take the “not” away` : t`Turn into its opposite`}>
      {t`not`}
    </UnstyledButton>
  )
}

/** Remove, and the menu of the rest. Shortcuts work while the condition itself has the focus. */
function Tools({ root, path, actions }: { root: Cond; path: Path; actions: Actions }) {
  const { t } = useLingui()
  const { readOnly } = useBuilder()
  // What a keyed condition holds is one group that stays.
  const parent = path.slice(0, -1).reduce<Cond>((node, i) => parts(node)[i] ?? node, root)
  if (readOnly || 'keyed' in bare(parent).node) return null
  const items: { label: string; keys: string; run: () => void; icon?: typeof IconUp; off?: boolean }[] = [
    { label: t`Move up`, keys: 'Alt ↑', icon: IconUp, run: () => actions.move(path, -1) },
    { label: t`Move down`, keys: 'Alt ↓', icon: IconDown, run: () => actions.move(path, 1) },
    { label: t`Duplicate`, keys: 'D', icon: IconCopy, run: () => actions.duplicate(path) },
    { label: t`Put in a group`, keys: 'W', run: () => actions.wrap(path) },
    { label: t`Dissolve the group`, keys: 'U', run: () => actions.unwrap(path), off: !canUnwrap(root, path) },
    { label: t`Turn into its opposite`, keys: 'N', run: () => actions.negate(path) },
  ]
  return (
    <span className={classes.tools}>
      <Menu position="bottom-end" width={230} {...menuInPage}>
        <Menu.Target>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t`Actions for ${nameOf(path)}`}>
            <IconDots size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {items.filter((i) => !i.off).map((i) => (
            <Menu.Item key={i.label} leftSection={i.icon ? <i.icon size={15} aria-hidden /> : <span style={{ width: 15 }} />} rightSection={<kbd className={classes.kbd}>{i.keys}</kbd>} onClick={i.run}>
              {i.label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconTrash size={15} aria-hidden />} rightSection={<kbd className={classes.kbd}>Del</kbd>} onClick={() => actions.remove(path)}>{t`Remove`}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RemoveButton label={t`Remove ${nameOf(path)}`} onClick={() => actions.remove(path)} />
    </span>
  )
}
