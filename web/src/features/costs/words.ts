import { useLingui } from '@lingui/react/macro'
import type { CostKind } from '~/api/costs'

export function useCostKind() {
  const { t } = useLingui()
  return (kind: CostKind) => ({ ads: t`advertising`, salaries: t`salaries`, other: t`other costs` })[kind]
}
