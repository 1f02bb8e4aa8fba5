import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { insights, type Result, runInsight, type Spec } from '~/api/insights'
import { missing, tidy } from './draft'

/** A result with the question that it answers, so that an old answer is never read as one to a new question. */
export type Answer = { spec: Spec; result: Result }

/**
 * Answers a question while it is being written: a moment after the last change, keeping the last answer until the
 * next is there. slow tells how far the server is, once it has taken more than a second.
 */
export function useRun(spec: Spec, enabled = true) {
  const sent = useMemo(() => tidy(spec), [spec])
  const [settled] = useDebouncedValue(sent, 350)
  const [progressId, setProgressId] = useState('')
  const ready = enabled && missing(settled).length === 0
  const query = useQuery({
    queryKey: ['insight-run', settled],
    queryFn: async ({ signal }): Promise<Answer> => ({ spec: settled, result: await runInsight(settled, signal, setProgressId) }),
    enabled: ready,
    placeholderData: (before) => before,
    staleTime: 60_000,
    retry: false,
  })
  const slow = useAfter(query.isFetching, 1000)
  const progress = useQuery({ ...insights.progress(progressId), enabled: slow && progressId !== '' })
  const share = slow && progress.data && progress.data.total > 0 ? Math.min(1, progress.data.done / progress.data.total) : undefined
  const current = JSON.stringify(sent)
  const stale = query.data !== undefined && JSON.stringify(query.data.spec) !== current
  return { answer: query.data, error: ready ? query.error : null, loading: query.isFetching, stale, slow, share, queued: progress.data?.state === 'queued', retry: () => void query.refetch() }
}

/** True once something has lasted for a time. */
export function useAfter(on: boolean, ms: number): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!on) {
      setLate(false)
      return
    }
    const timer = window.setTimeout(() => setLate(true), ms)
    return () => window.clearTimeout(timer)
  }, [on, ms])
  return late
}
