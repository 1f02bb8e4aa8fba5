import { Button, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import { useWorkspace } from '~/app/session'
import { IconPlus } from '~/ui/icons'
import { useFault } from './context'
import { edgeAt, edgeOf, type Moment, momentOf, momentText, sameEdge } from './moments'
import classes from './builder.module.css'

/** A day and, when it is asked for, a time of it by the clock of the workspace. */
function MomentField({ value, onChange, label, error, gap, whole = false }: { value: Moment; onChange: (m: Moment) => void; label: string; error?: boolean; gap?: boolean; /** Days only. */ whole?: boolean }) {
  const { t } = useLingui()
  const { time_zone: zone } = useWorkspace()
  const [timed, setTimed] = useState(false)
  const [asked, setAsked] = useState(false)
  // While another day is being typed there is none for a moment; the time waits for it.
  const [kept, keep] = useState('')
  const time = value.day ? value.time : kept
  const name = t`Time`
  return (
    <span className={classes.pair} data-wrap>
      <TextInput
        size="xs"
        w={140}
        type="date"
        aria-label={label}
        error={error}
        data-gap={gap || undefined}
        value={value.day}
        onChange={(e) => {
          const day = e.currentTarget.value
          if (!day) keep(time)
          onChange({ day, time: whole ? '' : time })
        }}
      />
      {!whole && (timed || time) && (
        <>
          <TextInput
            size="xs"
            w={time.length > 5 ? 128 : 108}
            type="time"
            step={time.length > 5 ? 1 : undefined}
            aria-label={`${label}: ${name}`}
            // eslint-disable-next-line jsx-a11y/no-autofocus
            autoFocus={asked}
            error={error}
            value={time}
            onChange={(e) => {
              setTimed(true)
              keep(e.currentTarget.value)
              if (value.day) onChange({ day: value.day, time: e.currentTarget.value })
            }}
          />
          <span>{zone}</span>
        </>
      )}
      {!whole && !timed && !time && (
        <Button
          size="compact-xs"
          variant="subtle"
          my={4}
          leftSection={<IconPlus size={12} />}
          aria-label={`${label}: ${name}`}
          onClick={() => {
            setAsked(true)
            setTimed(true)
          }}
        >
          {name}
        </Button>
      )}
    </span>
  )
}

/** A day or a moment to compare with. What is neither stays a text, as it came. */
export function DayField({ value, onChange, place, label, whole = false }: { value: unknown; onChange: (text: string) => void; place: string; label: string; whole?: boolean }) {
  const { time_zone: zone } = useWorkspace()
  const fault = useFault(place)
  const moment = momentOf(value, zone)
  if (!moment && value) return <TextInput size="xs" w={190} aria-label={label} error={!!fault.error} data-gap={fault.gap || undefined} value={String(value)} onChange={(e) => onChange(e.currentTarget.value)} />
  return <MomentField whole={whole} label={label} error={!!fault.error} gap={fault.gap} value={moment ?? { day: '', time: '' }} onChange={(m) => onChange(momentText(m))} />
}

/** Where a window begins or ends. */
export function EdgeField({ at, until = false, onChange, label, gap }: { at: string | undefined; until?: boolean; onChange: (at: string | undefined) => void; label: string; gap?: boolean }) {
  const { time_zone: zone } = useWorkspace()
  // As it is typed, as long as it means the same: midnight is a time while it is typed, and a day when it comes.
  const [typed, setTyped] = useState<Moment>()
  const shown = typed && sameEdge(edgeAt(typed, zone, until), at) ? typed : edgeOf(at, zone, until)
  return (
    <MomentField
      label={label}
      gap={gap}
      value={shown}
      onChange={(m) => {
        setTyped(m)
        onChange(edgeAt(m, zone, until))
      }}
    />
  )
}
