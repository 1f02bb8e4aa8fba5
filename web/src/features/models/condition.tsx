import { ActionIcon, Button, Menu, SegmentedControl, Select } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { lazy, Suspense } from 'react'
import { appendAt, children, emptyNode, type Gap, gaps, kindOf, type Node, type NodeKind, replaceAt } from '~/api/expr'
import { IconPlus, IconTrash } from '~/ui/icons'
import { DidFields } from './did'
import { TestFields } from './test-fields'
import classes from './models.module.css'

const LapseFields = lazy(() => import('./lapse-fields').then((m) => ({ default: m.LapseFields })))
const SegmentField = lazy(() => import('./segment-field').then((m) => ({ default: m.SegmentField })))

type Change = (next: Node | undefined) => void

/** Edits a condition: groups of all, any and none, and in them events, traits, lapses, past stages and, where they are given, segments. */
export function ConditionBuilder({ value, onChange, stages, segments }: { value: Node | null; onChange: (next: Node | null) => void; stages: { key: string; label: string }[]; segments?: { key: string; name: string }[] }) {
  const { t } = useLingui()
  if (!value) {
    return <AddMenu label={t`Add a condition`} segments={!!segments} add={(kind) => onChange(kind === 'all' || kind === 'any' || kind === 'not' ? emptyNode(kind) : { all: [emptyNode(kind)] })} />
  }
  // A single condition is shown inside a group, so that another can be added beside it.
  const root: Node = 'all' in value || 'any' in value ? value : { all: [value] }
  const missing = gaps(root)
  const set = (path: number[]): Change => (next) => onChange(replaceAt(root, path, next) ?? null)
  return <NodeView node={root} path={[]} set={set} add={(path, kind) => onChange(appendAt(root, path, emptyNode(kind)))} missing={missing} stages={stages} segments={segments} />
}

type ViewProps = { node: Node; path: number[]; set: (path: number[]) => Change; add: (path: number[], kind: NodeKind) => void; missing: Gap[]; stages: { key: string; label: string }[]; segments?: { key: string; name: string }[] }

function NodeView(props: ViewProps) {
  const { t } = useLingui()
  const { node, path, set, missing, stages, segments } = props
  const change = set(path)
  const kind = kindOf(node)
  if (kind === 'all' || kind === 'any') return <GroupView {...props} />
  if (kind === 'not') {
    const inner = (node as { not: Node }).not
    return (
      <div className={classes.group} role="group" aria-label={t`None of this`}>
        <div className={classes.groupHead}>
          <strong>{t`Not:`}</strong>
          <Remove onClick={() => change(undefined)} />
        </div>
        <NodeView {...props} node={inner} path={[...path, 0]} />
      </div>
    )
  }
  const gap = missing.some((g) => g.path.join() === path.join())
  return (
    <div className={classes.leaf} data-gap={gap}>
      {'trait' in node && (
        <>
          <span>{t`trait`}</span>
          <TestFields test={node.trait} onChange={(trait) => change({ trait })} names="traits" />
        </>
      )}
      {'did' in node && <DidFields did={node.did} onChange={(did) => change({ did })} />}
      {'lapse' in node && (
        <Suspense>
          <LapseFields lapse={node.lapse} onChange={(lapse) => change({ lapse })} />
        </Suspense>
      )}
      {'segment' in node && (
        <Suspense>
          <SegmentField value={node.segment.key} segments={segments} onChange={(key) => change({ segment: { key } })} />
        </Suspense>
      )}
      {'stage' in node && (
        <>
          <span>{t`has been in the stage`}</span>
          <Select size="xs" aria-label={t`Stage`} data={stages.map((s) => ({ value: s.key, label: s.label }))} value={node.stage.was || null} onChange={(was) => change({ stage: { was: was ?? '' } })} />
        </>
      )}
      <span className={classes.end}>
        <Remove onClick={() => change(undefined)} />
      </span>
    </div>
  )
}

function GroupView(props: ViewProps) {
  const { t } = useLingui()
  const { node, path, set, add, segments } = props
  const any = 'any' in node
  const list = children(node)
  return (
    <div className={classes.group} role="group" aria-label={any ? t`Any of these` : t`All of these`}>
      <div className={classes.groupHead}>
        <SegmentedControl
          size="xs"
          aria-label={t`How the conditions are joined`}
          value={any ? 'any' : 'all'}
          data={[
            { value: 'all', label: t`all of` },
            { value: 'any', label: t`any of` },
          ]}
          onChange={(v) => set(path)(v === 'any' ? { any: list } : { all: list })}
        />
        {path.length > 0 && <Remove onClick={() => set(path)(undefined)} />}
      </div>
      {list.map((child, i) => (
        <NodeView key={i} {...props} node={child} path={[...path, i]} />
      ))}
      <AddMenu label={t`Add`} segments={!!segments} add={(kind) => add(path, kind)} />
    </div>
  )
}

function AddMenu({ label, segments, add }: { label: string; segments: boolean; add: (kind: NodeKind) => void }) {
  const { t } = useLingui()
  const kinds: [NodeKind, string][] = [
    ['did', t`did something (event)`],
    ['trait', t`has a trait`],
    ['lapse', t`has been silent for some time`],
    ['stage', t`has been in a stage`],
    ...(segments ? [['segment', t`is in a segment`] as [NodeKind, string]] : []),
    ['any', t`group: any of`],
    ['all', t`group: all of`],
    ['not', t`not`],
  ]
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} style={{ justifySelf: 'start' }}>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {kinds.map(([kind, text]) => (
          <Menu.Item key={kind} onClick={() => add(kind)}>
            {text}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

export function Remove({ onClick }: { onClick: () => void }) {
  const { t } = useLingui()
  return (
    <ActionIcon size="sm" variant="subtle" color="gray" onClick={onClick} aria-label={t`Remove`}>
      <IconTrash size={15} />
    </ActionIcon>
  )
}
