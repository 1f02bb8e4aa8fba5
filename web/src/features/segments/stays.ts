import { useLingui } from '@lingui/react/macro'
import type { Cause } from '~/api/segments'
import { useKindName } from '~/ui/names'

/** What made somebody enter or leave, in words. */
export function useCause() {
  const { t } = useLingui()
  const kindName = useKindName()
  return (c: Cause | null): string => {
    if (!c) return ''
    if (c.timer) return t`because time passed`
    const name = c.event || (c.kind ? kindName(c.kind) : '')
    return name ? t`by the event “${name}”` : t`when the segment was computed`
  }
}
