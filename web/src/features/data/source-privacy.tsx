import { ActionIcon, Button, Group, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { PropertyAction, SourceSettings } from '~/api'
import { IconPlus, IconTrash } from '~/ui/icons'
import { Card, ui } from '~/ui/page'

/** What happens to single properties before anything is stored. */
export function PrivacyCard({ settings, set, can }: { settings: SourceSettings; set: (patch: Partial<SourceSettings>) => void; can: boolean }) {
  const { t } = useLingui()
  const [path, setPath] = useState('')
  const rules = settings.properties ?? []
  const put = (list: typeof rules) => set({ properties: list.length ? list : undefined })
  const actions: { value: PropertyAction; label: string }[] = [
    { value: 'allow', label: t`store` },
    { value: 'hash', label: t`store a hash` },
    { value: 'encrypt', label: t`store encrypted` },
    { value: 'drop', label: t`do not store` },
  ]
  const add = () => {
    const name = path.trim()
    if (name && !rules.some((r) => r.path === name)) put([...rules, { path: name, action: 'drop' }])
    setPath('')
  }
  return (
    <Card title={t`Properties and privacy`}>
      <Stack>
        <p style={{ margin: 0 }}>{t`Rules for properties and traits by name, applied before anything is stored, also in quarantine. A dot reaches into an object. A hash can be compared but not read; an encrypted value can be read by owners and admins.`}</p>
        {rules.length > 0 && (
          <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Properties and privacy`}>
            <table className={ui.table}>
              <thead>
                <tr>
                  <th scope="col">{t`Property`}</th>
                  <th scope="col">{t`What happens to it`}</th>
                  <th scope="col"><span className="sr-only">{t`Actions`}</span></th>
                </tr>
              </thead>
              <tbody>
                {rules.map((rule, i) => (
                  <tr key={rule.path}>
                    <th scope="row" className={ui.mono} style={{ color: 'var(--app-text)' }}>{rule.path}</th>
                    <td>
                      <Select size="xs" w={190} allowDeselect={false} aria-label={`${t`What happens to it`}: ${rule.path}`} disabled={!can} data={actions} value={rule.action} onChange={(v) => put(rules.with(i, { ...rule, action: v as PropertyAction }))} />
                    </td>
                    <td data-num>{can && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${t`Remove`}: ${rule.path}`} onClick={() => put(rules.toSpliced(i, 1))}><IconTrash size={14} /></ActionIcon>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {can && (
          <Group align="end">
            <TextInput
              label={t`Property`}
              placeholder="passport_number"
              value={path}
              onChange={(e) => setPath(e.currentTarget.value)}
              onKeyDown={(e) => {
                if (e.key !== 'Enter') return
                e.preventDefault()
                add()
              }}
            />
            <Button variant="light" leftSection={<IconPlus size={14} />} disabled={!path.trim()} onClick={add}>{t`Add`}</Button>
          </Group>
        )}
        <Switch label={t`Store only the properties listed here`} description={t`All others are left out.`} disabled={!can} checked={!!settings.only_listed} onChange={(e) => set({ only_listed: e.currentTarget.checked || undefined })} />
      </Stack>
    </Card>
  )
}
