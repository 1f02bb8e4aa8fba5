import { Select } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'

/** Names the segment that a customer must be in. One that is gone stays visible by its key. */
export function SegmentField({ value, segments = [], onChange }: { value: string; segments?: { key: string; name: string }[]; onChange: (key: string) => void }) {
  const { t } = useLingui()
  const more = value && !segments.some((s) => s.key === value) ? [{ key: value, name: value }] : []
  return (
    <>
      <span>{t`is in the segment`}</span>
      <Select size="xs" aria-label={t`Segment`} placeholder={segments.length === 0 ? t`No segments yet` : t`Choose a segment`} nothingFoundMessage={t`No such segment`} searchable allowDeselect={false} data={[...segments, ...more].map((s) => ({ value: s.key, label: s.name }))} value={value || null} onChange={(key) => onChange(key ?? '')} />
    </>
  )
}
