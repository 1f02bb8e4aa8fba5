import { useLingui } from '@lingui/react/macro'
import type { Measure, Op } from '~/api/expr'

/** The comparisons in words, as they read between a name and a value. */
export function useOpName() {
  const { t } = useLingui()
  return (op: Op): string =>
    ({
      is: t`is`,
      is_not: t`is not`,
      set: t`has any value`,
      not_set: t`has no value`,
      in: t`is one of`,
      not_in: t`is none of`,
      contains: t`contains`,
      not_contains: t`does not contain`,
      starts: t`starts with`,
      not_starts: t`does not start with`,
      ends: t`ends with`,
      not_ends: t`does not end with`,
      matches: t`matches the pattern`,
      not_matches: t`does not match the pattern`,
      gt: t`is more than`,
      gte: t`is at least`,
      lt: t`is less than`,
      lte: t`is at most`,
      between: t`is between`,
      is_true: t`is true`,
      is_false: t`is false`,
      before: t`is before`,
      after: t`is after`,
      in_last: t`is in the last`,
      more_than_ago: t`is longer ago than`,
    })[op] ?? op
}

export function useMeasureName() {
  const { t } = useLingui()
  return (m: Measure): string => ({ count: t`number of times`, sum: t`sum of`, mean: t`mean of`, min: t`least`, max: t`greatest`, distinct_days: t`number of days`, distinct: t`number of different` })[m]
}

export function useCountOpName() {
  const { t } = useLingui()
  return (op: string): string => ({ gte: t`at least`, gt: t`more than`, lte: t`at most`, lt: t`less than`, eq: t`exactly`, between: t`between` })[op] ?? op
}

export function useUnitName() {
  const { t } = useLingui()
  return (unit: string): string => ({ s: t`seconds`, m: t`minutes`, h: t`hours`, d: t`days`, w: t`weeks` })[unit] ?? unit
}
