import { ActionIcon, CopyButton, Skeleton, Text, Title, Tooltip } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { type ReactNode, useEffect } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'
import { ErrorBox } from './errors'
import { IconCheck, IconCopy } from './icons'
import classes from './ui.module.css'

/** The frame of every screen: title, one line of explanation, actions, content. */
export function Page({ title, sub, actions, children, heading }: { title: string; sub?: ReactNode; actions?: ReactNode; children: ReactNode; heading?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Ciclo`
  }, [title])
  return (
    <div className={classes.page}>
      <header className={classes.pageHead}>
        <div>
          <Title order={1}>{heading ?? title}</Title>
          {sub && <div className={classes.sub}>{sub}</div>}
        </div>
        {actions}
      </header>
      {children}
    </div>
  )
}

/** A white surface with a border. */
export function Card({ children, pad = true, title, actions, id }: { children: ReactNode; pad?: boolean; title?: ReactNode; actions?: ReactNode; id?: string }) {
  return (
    <section className={`${classes.card} ${pad ? classes.pad : ''}`} id={id}>
      {(title || actions) && (
        <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'center', gap: 12, flexWrap: 'wrap', padding: pad ? '0 0 12px' : '14px 20px 10px' }}>
          {title && <Title order={2}>{title}</Title>}
          {actions}
        </div>
      )}
      {children}
    </section>
  )
}

/** What to see where there is nothing yet, and the exact next step. */
export function Empty({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.empty}>
      {icon && (
        <div className={classes.emptyIcon} aria-hidden>
          {icon}
        </div>
      )}
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  )
}

/** Waits for a read and shows what came of it. */
export function Loaded<T>({ query, children, height = 220 }: { query: UseQueryResult<T>; children: (data: T) => ReactNode; height?: number }) {
  if (query.data !== undefined) return children(query.data)
  if (query.isError) return <ErrorBox error={query.error} retry={() => void query.refetch()} />
  return <Skeleton height={height} radius="lg" aria-hidden />
}

export function StageName({ color, label }: { color?: string; label: ReactNode }) {
  return (
    <span className={classes.stage}>
      <span className={classes.dot} style={{ background: color ?? 'var(--app-border-strong)' }} aria-hidden />
      {label}
    </span>
  )
}

/** A text to copy, such as a key. It is never shortened. */
export function Copyable({ value, label }: { value: string; label: string }) {
  const { t } = useLingui()
  return (
    <CopyButton value={value} timeout={1600}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t`Copied` : t`Copy`}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={copied ? t`Copied` : `${t`Copy`}: ${label}`}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

export function Dim({ children, size = 'sm' }: { children: ReactNode; size?: 'xs' | 'sm' }) {
  return (
    <Text span size={size} c="dimmed">
      {children}
    </Text>
  )
}

export { classes as ui }
