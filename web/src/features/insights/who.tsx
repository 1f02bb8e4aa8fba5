import { Skeleton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { lazy, Suspense, useContext, useMemo, useState } from 'react'
import type { Cond } from '~/api/condition'
import { AddMenu } from '~/conditions/add-menu'
import { refusals, useMissing } from '~/conditions/faults'
import { useSteps } from '~/conditions/history'
import { fresh } from '~/conditions/kinds'
import { opened, parts } from '~/conditions/tree'
import { Problems } from './problems'

const ConditionBuilder = lazy(() => import('~/conditions/builder').then((m) => ({ default: m.ConditionBuilder })))

/** Which customers count; without a condition all do. */
export function Who({ who, onChange }: { who: Cond | undefined; onChange: (who: Cond | undefined) => void }) {
  const { t } = useLingui()
  const [begun, setBegun] = useState(false)
  if (!who && !begun) {
    return (
      <AddMenu
        label={t`Add a condition`}
        add={(kind) => {
          setBegun(true)
          onChange({ all: [fresh(kind)] })
        }}
      />
    )
  }
  return <Editor who={who} begun={begun} onChange={onChange} />
}

function Editor({ who, begun, onChange }: { who: Cond | undefined; begun: boolean; onChange: (who: Cond | undefined) => void }) {
  const { error } = useContext(Problems)
  const value = useMemo(() => opened(who), [who])
  const none = parts(value).length === 0
  const steps = useSteps(value, (next) => onChange(parts(next).length === 0 ? undefined : next))
  const missing = useMissing(value)
  const faults = useMemo(() => (none ? [] : [...refusals(error, 'who'), ...missing]), [none, error, missing])
  return (
    <Suspense fallback={<Skeleton height={120} />}>
      <ConditionBuilder draft={steps} faults={faults} begun={begun} />
    </Suspense>
  )
}
