import { Badge } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Receipt } from '~/api/erasures'
import { useFormat } from '~/ui/format'
import { IconAlert, IconCheck, IconHistory } from '~/ui/icons'

export function useActionWord() {
  const { t } = useLingui()
  return (action: string) =>
    ({ delete: t`Delete`, delete_and_suppress: t`Delete and refuse`, anonymise: t`Anonymise`, suppress: t`Refuse new events`, unsuppress: t`Let in again` })[action] ?? action
}

export function useScopeWord() {
  const { t } = useLingui()
  const f = useFormat()
  return ({ scope }: Receipt) => {
    if (scope.kind === 'properties') return t`Properties: ${(scope.properties ?? []).join(', ')}`
    if (scope.kind !== 'range') return t`Whole customer`
    const to = scope.to ? f.dateTime(scope.to) : t`now`
    return scope.from ? t`${f.dateTime(scope.from)} to ${to}` : t`Until ${to}`
  }
}

export function useStatusWord() {
  const { t } = useLingui()
  return (status: string) => ({ accepted: t`accepted`, filtered: t`hidden`, rewritten: t`removed`, verified: t`verified` })[status] ?? status
}

/** A status as a shape and a word. */
export function StatusMark({ receipt }: { receipt: Receipt }) {
  const { t } = useLingui()
  const word = useStatusWord()
  const failed = receipt.error !== ''
  const done = receipt.status === 'verified'
  return (
    <Badge variant="light" miw="max-content" color={failed ? 'red' : done ? 'green' : 'blue'} leftSection={failed ? <IconAlert size={12} aria-hidden /> : done ? <IconCheck size={12} aria-hidden /> : <IconHistory size={12} aria-hidden />}>
      {failed ? t`failed, tried again` : word(receipt.status)}
    </Badge>
  )
}

export function useStoreWord() {
  const { t } = useLingui()
  return (store: string) =>
    ({
      timeline_segments: t`Event files`,
      timeline_tail: t`Recent events`,
      customers: t`Customer rows`,
      identifiers: t`Identifiers`,
      identifier_homes: t`Places of identifiers`,
      identity_log: t`Identity history`,
      identity_facts: t`Facts of identity`,
      notes: t`Notes`,
      consent: t`Consent`,
      fold_states: t`Computed states`,
      stage_spells: t`Stays in stages`,
      quarantine: t`Quarantine`,
      inbox: t`Waiting batches`,
      import_rejects: t`Rejected import rows`,
      import_files: t`Uploaded files`,
      report_cache: t`Reports in memory`,
    })[store] ?? store
}
