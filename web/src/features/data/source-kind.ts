import { useLingui } from '@lingui/react/macro'
import type { Source } from '~/api'

/** What a source is, in words. */
export function useKindText() {
  const { t } = useLingui()
  return (kind: Source['kind']) => ({ browser: t`Website`, server: t`Server`, mobile: t`App` })[kind] ?? kind
}
