import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { CostKind } from '~/api/costs'
import { type Column, columnKey } from './sheet'
import { useCostKind } from './words'

/** A new column of the sheet. It is kept by the server with its first amount. */
export default function AddColumn({ add, taken, close }: { add: (column: Column) => void; taken: string[]; close: () => void }) {
  const { t } = useLingui()
  const kindName = useCostKind()
  const [channel, setChannel] = useState('')
  const [campaign, setCampaign] = useState('')
  const [kind, setKind] = useState<CostKind>('ads')
  const key = columnKey(channel.trim(), campaign.trim())
  const exists = taken.includes(key)
  return (
    <Modal opened onClose={close} title={t`Add a channel`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (!channel.trim() || exists) return
          add({ key, channel: channel.trim(), campaign: campaign.trim(), kind })
          close()
        }}
      >
        <Stack>
          <TextInput label={t`Channel`} placeholder="Google Ads" required maxLength={200} data-autofocus value={channel} error={exists && t`This channel is on the sheet already.`} onChange={(e) => setChannel(e.currentTarget.value)} />
          <TextInput label={t`Campaign`} description={t`Leave it empty to keep one amount for the whole channel.`} maxLength={200} value={campaign} onChange={(e) => setCampaign(e.currentTarget.value)} />
          <NativeSelect label={t`Kind of costs`} description={t`ROAS and paid CAC count advertising only; CAC counts everything.`} data={(['ads', 'salaries', 'other'] as const).map((k) => ({ value: k, label: kindName(k) }))} value={kind} onChange={(e) => setKind(e.currentTarget.value as CostKind)} />
          <Group justify="flex-end">
            <Button type="submit" disabled={!channel.trim() || exists}>{t`Add`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
