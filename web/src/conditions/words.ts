import { useLingui } from '@lingui/react/macro'
import type { LeafKind, Measure } from '~/api/condition'
import type { OpChoice, TypeGroup, What } from './kinds'

/** The comparisons in words, as they read between a name and a value. */
export function useOpName() {
  const { t } = useLingui()
  const ops: Record<OpChoice, string> = {
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
    not_between: t`is not between`,
    is_true: t`is true`,
    is_false: t`is false`,
    before: t`is before`,
    after: t`is on or after`,
    on: t`is on the day`,
    in_last: t`is in the last`,
    not_in_last: t`is not in the last`,
    in_next: t`is in the next`,
    more_than_ago: t`is longer ago than`,
    'between@date': t`is between the days`,
    'not_between@date': t`is not between the days`,
    anniversary: t`has its anniversary within days`,
    weekday: t`is on weekdays`,
    hour: t`is between the hours`,
    empty: t`is empty`,
    not_empty: t`is not empty`,
    all_of: t`has all of`,
    length_is: t`has as many elements as`,
    length_gt: t`has more elements than`,
    length_gte: t`has at least so many elements`,
    length_lt: t`has fewer elements than`,
    length_lte: t`has at most so many elements`,
    element: t`has an element where`,
  }
  return (op: string): string => ops[op as OpChoice] ?? op
}

/** The words of the condition builder. */
export function useWords() {
  const { t } = useLingui()
  const op = useOpName()
  const groups: Record<TypeGroup, string> = { any: t`Any value`, text: t`Text`, number: t`Number`, boolean: t`Yes or no`, date: t`Date and time`, list: t`List` }
  const counts: Record<string, string> = { gte: t`at least`, gt: t`more than`, lte: t`at most`, lt: t`less than`, is: t`exactly`, between: t`between`, not_between: t`not between`, never: t`never` }
  const measures: Record<Measure, string> = {
    count: t`number of times`,
    sum: t`sum of`,
    mean: t`mean of`,
    min: t`least`,
    max: t`greatest`,
    distinct_days: t`number of days`,
    distinct: t`number of different`,
    first: t`the first time: its`,
    last: t`the last time: its`,
    first_time: t`the time of the first one`,
    last_time: t`the time of the last one`,
  }
  const kinds: Record<LeafKind | 'keyed' | 'all' | 'any', { label: string; note: string }> = {
    did: { label: t`Did something`, note: t`an event, how often, how much, when` },
    trait: { label: t`Trait`, note: t`country, plan, birthday…` },
    sequence: { label: t`One after another`, note: t`A then B, or A and not B within a day` },
    lapse: { label: t`Has gone quiet`, note: t`longer than usual for this customer` },
    compare: { label: t`More than before`, note: t`two measures against each other` },
    keyed: { label: t`On the same thing`, note: t`all on one cart, one product, one order` },
    stage: { label: t`Stage`, note: t`is in, entered, has been in` },
    segment: { label: t`Segment`, note: t`is in another segment` },
    rfm: { label: t`RFM scores`, note: t`recency, frequency, money from 1 to 5` },
    sample: { label: t`Random share`, note: t`the same customers for ever` },
    message: { label: t`Message`, note: t`sent, opened, clicked, bounced…` },
    consent: { label: t`Consent`, note: t`subscribed or not, by channel` },
    any: { label: t`Group: any of`, note: t`one of several is enough` },
    all: { label: t`Group: all of`, note: t`several together` },
  }
  const missing: Record<What, string> = {
    event: t`Choose an event.`,
    trait: t`Choose a trait.`,
    property: t`Choose a property.`,
    value: t`Fill in the value.`,
    stage: t`Choose a stage.`,
    segment: t`Choose a segment.`,
    state: t`Choose at least one state.`,
    score: t`Choose at least one score.`,
    empty: t`Add a condition to this group, or remove it.`,
    dates: t`Choose dates, the first before the last.`,
    salt: t`Give the draw a name.`,
    key: t`Choose the property that must be the same.`,
    share: t`The shares must rise from 0 to 100 %.`,
  }
  const units: Record<string, string> = { s: t`seconds`, m: t`minutes`, h: t`hours`, d: t`days`, w: t`weeks` }
  const calendar: Record<string, string> = { today: t`today`, yesterday: t`yesterday`, this_week: t`this week`, last_week: t`last week`, this_month: t`this month`, last_month: t`last month`, this_quarter: t`this quarter`, last_quarter: t`last quarter`, this_year: t`this year`, last_year: t`last year` }
  const consent: Record<string, string> = { subscribed: t`subscribed`, unknown: t`never said`, pending: t`to be confirmed`, unsubscribed: t`unsubscribed` }
  const outcomes: Record<string, string> = { sent: t`was sent`, delivered: t`was delivered`, opened: t`was opened`, clicked: t`was clicked`, bounced: t`bounced`, complained: t`was reported as spam`, unsubscribed: t`led to an unsubscription`, replied: t`was answered` }
  const channels: Record<string, string> = { email: t`e-mail`, push: t`push notification`, sms: t`SMS` }
  const of = (map: Record<string, string>) => (key: string) => map[key] ?? key
  return { op, group: (g: TypeGroup) => groups[g], count: of(counts), measure: (m: Measure) => measures[m], kind: (k: LeafKind | 'keyed' | 'all' | 'any') => kinds[k], missing: (w: What) => missing[w], unit: of(units), calendar: of(calendar), consent: of(consent), outcome: of(outcomes), channel: of(channels) }
}

/** The outcomes that the messages of a channel have. */
export const outcomesOf: Record<string, string[]> = {
  email: ['sent', 'delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed', 'replied'],
  push: ['sent', 'delivered', 'opened', 'clicked', 'bounced'],
  sms: ['sent', 'delivered', 'clicked', 'bounced', 'replied', 'unsubscribed'],
}
