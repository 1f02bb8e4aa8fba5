import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'

/** The name of a source by its id; what is not known is shown as it came. */
export function useSourceName(): (id: string) => string {
  const { data } = useQuery({ ...q.sources(), refetchInterval: false, staleTime: 60_000 })
  return (id) => data?.find((s) => s.id === id)?.name ?? (id || '–')
}
