import { NumberInput } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './insights.module.css'

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  )
}

/** A number that may be left empty. */
export function OptionalNumber({ label, value, min = 1, max, onChange, placeholder, suffix }: { label: string; value: number | undefined; min?: number; max?: number; onChange: (n: number | undefined) => void; placeholder?: string; suffix?: string }) {
  return <NumberInput size="xs" label={label} value={value ?? ''} min={min} max={max} allowDecimal={false} hideControls placeholder={placeholder} suffix={suffix} onChange={(v) => onChange(v === '' ? undefined : Number(v))} />
}
