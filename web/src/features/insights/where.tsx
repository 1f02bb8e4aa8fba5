import { Skeleton } from '@mantine/core'
import { type ComponentProps, lazy, Suspense } from 'react'
import type { WhereLines } from '~/conditions/match-fields'

const Lines = lazy(() => import('~/conditions/match-fields').then((m) => ({ default: m.WhereLines })))

/** Conditions on the properties of an event; their fields come a little later than the events. */
export function Where(props: ComponentProps<typeof WhereLines>) {
  return (
    <Suspense fallback={<Skeleton height={22} width={70} />}>
      <Lines {...props} />
    </Suspense>
  )
}
