import { Skeleton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { ApiError, type Definition, q, type Stage } from '~/api'
import type { Cond } from '~/api/condition'
import { refusals, useMissing } from '~/conditions/faults'
import { useSteps } from '~/conditions/history'
import { gaps } from '~/conditions/kinds'
import classes from './models.module.css'

const ConditionBuilder = lazy(() => import('~/conditions/builder').then((m) => ({ default: m.ConditionBuilder })))

/** What makes a customer enter a stage, and the same as a sentence. */
export function StageCondition({ stage, draft, refused, can, onChange }: { stage: Stage; draft: Definition; refused: unknown; can: boolean; onChange: (when: Cond) => void }) {
  const { i18n } = useLingui()
  const when = useMemo<Cond>(() => stage.when ?? { all: [] }, [stage.when])
  const steps = useSteps(when, onChange)
  const [settled] = useDebouncedValue(when, 400)
  const complete = useMemo(() => gaps(settled).length === 0, [settled])
  const sentence = useQuery({ ...q.describe(settled, i18n.locale), enabled: complete, retry: false })
  const missing = useMissing(when)
  const place = `stages[${draft.stages.findIndex((s) => s.key === stage.key)}].when`
  // The condition alone is checked also while another stage is not filled in.
  const own = when === settled && complete ? sentence.error : null
  const faults = [...refusals(refused instanceof ApiError && refused.fields.some((f) => f.location.startsWith(place)) ? refused : null, place), ...refusals(own, 'condition')]
  const stages = useMemo(() => draft.stages.filter((s) => s.key !== stage.key), [draft.stages, stage.key])
  return (
    <>
      <Suspense fallback={<Skeleton height={120} />}>
        <ConditionBuilder draft={steps} faults={[...faults, ...missing]} stages={stages} readOnly={!can} />
      </Suspense>
      {complete && typeof sentence.data === 'string' && (
        <p className={classes.sentence} style={{ marginTop: 12 }} aria-live="polite">
          {sentence.data}
        </p>
      )}
    </>
  )
}
