import { Autocomplete } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { q } from '~/api'
import { IconSearch } from '~/ui/icons'

/** Finds a customer by name, e-mail or any identifier. */
export function FindCustomer({ label, onPick, clear = false }: { label: string; onPick: (id: string, name: string) => void; /** Empties the box after each. */ clear?: boolean }) {
  const { t } = useLingui()
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text.trim(), 200)
  const { data } = useQuery({ ...q.customers({ q: debounced, limit: 8 }), enabled: debounced.length > 0 })
  const found = (debounced ? (data?.customers ?? []) : []).map((c) => ({ value: c.id, label: `${c.name || c.email || t`Anonymous ${c.id.slice(-6)}`}${c.email && c.name ? ` · ${c.email}` : ''} · ${c.id}`, name: c.name || c.email || c.id }))
  return (
    <Autocomplete
      label={label}
      placeholder={t`Name, e-mail or any identifier`}
      leftSection={<IconSearch size={16} />}
      data={found.map((x) => x.label)}
      filter={({ options }) => options}
      value={text}
      onChange={setText}
      onOptionSubmit={(picked) => {
        const hit = found.find((x) => x.label === picked)
        if (!hit) return
        onPick(hit.value, hit.name)
        window.setTimeout(() => setText(clear ? '' : hit.name))
      }}
    />
  )
}
