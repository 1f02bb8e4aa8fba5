import { Loader, Progress } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import type { Segment } from '~/api/segments'
import { useFormat } from '~/ui/format'
import classes from './segments.module.css'

/** How far a segment is computed; undefined while nothing is known. */
export function useProgress(segment: Segment): number | undefined {
  const { data } = useQuery({ ...q.status(), enabled: segment.building || segment.filling })
  const work = data?.work.find((w) => w.kind === 'segment' && w.label === segment.name)
  return work && work.total > 0 ? Math.min(1, work.done / work.total) : undefined
}

/** Says that a version is being computed, or a list filled, and how far it is. */
export function BuildingBar({ segment }: { segment: Segment }) {
  const { t } = useLingui()
  const f = useFormat()
  const share = useProgress(segment)
  if (!segment.building && !segment.filling) return null
  return (
    <div className={classes.building} role="status">
      <Loader size={16} aria-hidden />
      <span>{segment.filling ? t`Customers are being put on the list.` : segment.size === 0 && segment.version <= 1 ? t`This segment is being computed over all history. Its members appear when that is done.` : t`A new version is being computed over all history. Until it is done, the one before counts.`}</span>
      {share !== undefined && (
        <div>
          <Progress value={share * 100} size="sm" aria-label={t`${f.percent(share, 0)} computed`} />
        </div>
      )}
    </div>
  )
}
