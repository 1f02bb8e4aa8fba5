import { useLingui } from '@lingui/react/macro'
import type { Cond } from '~/api/condition'
import type { Reason } from '~/api/segments'
import { IconCheck, IconX } from '~/ui/icons'
import { useFormat } from '~/ui/format'
import { picks } from '~/conditions/kinds'
import { bare, isGroup } from '~/conditions/tree'
import classes from './segments.module.css'

/** A condition with its parts, each with whether it holds and the value that decided. */
export function ReasonTree({ reason }: { reason: Reason }) {
  return (
    <ul className={classes.tree}>
      <Part reason={reason} />
    </ul>
  )
}

const instant = /^\d{4}-\d{2}-\d{2}T/

/** A negation is said on the line of what it negates, not on one of its own. */
function folded(r: Reason): Reason {
  const when = r.when as Cond | null
  const inner = when && 'not' in when && r.parts?.length === 1 ? folded(r.parts[0]!) : undefined
  return inner ? { ...r, value: inner.value, parts: inner.parts } : r
}

function Part({ reason }: { reason: Reason }) {
  const { t } = useLingui()
  const f = useFormat()
  const r = folded(reason)
  const when = r.when as Cond | null
  const node = when ? bare(when) : undefined
  const group = node && isGroup(node.node) ? ('any' in node.node ? (node.negated ? t`None of these` : t`Any of these`) : node.negated ? t`Not all of these` : t`All of these`) : undefined
  const parts = r.parts ?? []
  const counted = node !== undefined && (('did' in node.node && !picks(node.node.did.measure)) || 'message' in node.node)
  const compares = node !== undefined && ('trait' in node.node || ('did' in node.node && !counted))
  const value = r.value !== undefined && instant.test(r.value) && !Number.isNaN(Date.parse(r.value)) ? f.dateTimeZone(r.value) : r.value
  const number = Number(value)
  return (
    <li>
      <div className={classes.reason} data-holds={r.holds}>
        {r.holds ? <IconCheck size={16} stroke={2.6} role="img" aria-label={t`holds`} /> : <IconX size={16} stroke={2.6} role="img" aria-label={t`does not hold`} />}
        <div>
          {parts.length > 0 && group ? <strong>{group}</strong> : r.sentence}
          {value !== undefined && <small>{value === '' ? t`It is an empty text` : counted && !Number.isNaN(number) ? t`Counted: ${f.decimal(number)}` : t`It is ${value}`}</small>}
          {value === undefined && compares && <small>{t`There is no value to compare`}</small>}
        </div>
      </div>
      {parts.length > 0 && (
        <ul>
          {parts.map((p, i) => (
            <Part key={i} reason={p} />
          ))}
        </ul>
      )}
    </li>
  )
}
