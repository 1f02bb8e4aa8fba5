import { ActionIcon } from '@mantine/core'
import { IconAlert, IconX } from '~/ui/icons'
import { useFaults } from './context'
import classes from './builder.module.css'

export function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <ActionIcon size="sm" variant="subtle" color="gray" onClick={onClick} aria-label={label} title={label}>
      <IconX size={14} />
    </ActionIcon>
  )
}

/** What is wrong at a place, in words. Fields show their own message; what names no field is said here. */
export function FaultLines({ place, own = false, id }: { place: string; /** Only what stands exactly here. */ own?: boolean; id?: string }) {
  const faults = useFaults(place).filter((f) => !own || f.place === place)
  if (faults.length === 0) return null
  const hard = faults.filter((f) => !f.soft)
  const shown = hard.length > 0 ? hard : faults.slice(0, 1)
  return (
    <div id={id} className={classes.faults} data-soft={hard.length === 0 || undefined} role={hard.length > 0 ? 'alert' : undefined}>
      <IconAlert size={14} aria-hidden />
      <span>{[...new Set(shown.map((f) => f.text))].join(' ')}</span>
    </div>
  )
}
