import { Badge, Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import type { Cond } from '~/api/condition'
import { type Segment, segments, type SegmentVersion } from '~/api/segments'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { CodeBlock } from '~/ui/copy'
import { Card, Dim, Loaded } from '~/ui/page'
import { wordDiff } from './diff'
import classes from './segments.module.css'

/** All versions, each as a sentence with what changed against the one before. */
export default function Versions({ segment: s, restore }: { segment: Segment; restore: (when: Cond) => void }) {
  const query = useQuery(segments.versions(s.id))
  return (
    <Card>
      <Loaded query={query}>
        {(list) => (
          <ol className={classes.versions}>
            {list.map((v, i) => (
              <Version key={v.version} version={v} before={list[i + 1]} current={v.version === s.version} restore={restore} />
            ))}
          </ol>
        )}
      </Loaded>
    </Card>
  )
}

function Version({ version: v, before, current, restore }: { version: SegmentVersion; before?: SegmentVersion; current: boolean; restore: (when: Cond) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const states = { building: t`being computed`, live: t`in use`, retired: t`no longer in use` }
  const pieces = before ? wordDiff(before.sentence, v.sentence) : [{ text: v.sentence, kind: 'same' as const }]
  const same = before !== undefined && pieces.every((p) => p.kind === 'same')
  return (
    <li>
      <div className={classes.versionHead}>
        <strong>{t`Version ${v.version}`}</strong>
        <Badge size="sm" variant="light" color={v.status === 'live' ? 'teal' : v.status === 'building' ? 'indigo' : 'gray'}>
          {states[v.status] ?? v.status}
        </Badge>
        <Dim size="xs">
          {f.dateTime(v.created_at)} · {v.by === 'recomputed' ? t`computed anew, because something it names had changed` : v.by}
        </Dim>
      </div>
      <p className={classes.diff}>
        {pieces.map((p, i) => (p.kind === 'new' ? <ins key={i}>{p.text}</ins> : p.kind === 'old' ? <del key={i}>{p.text}</del> : <span key={i}>{p.text}</span>))}
      </p>
      {same && <Dim size="xs">{t`The same words as before.`}</Dim>}
      {v.when && (
        <details>
          <summary style={{ cursor: 'pointer', fontSize: '0.82rem' }}>JSON</summary>
          <CodeBlock label={t`Condition of version ${v.version}`} code={JSON.stringify(v.when, null, 2)} />
        </details>
      )}
      {can && v.when && !current && v.status === 'retired' && (
        <div>
          <Button size="compact-sm" variant="default" onClick={() => restore(v.when!)}>{t`Edit from this version`}</Button>
        </div>
      )}
    </li>
  )
}
