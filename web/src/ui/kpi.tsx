import { Anchor, Popover, UnstyledButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import { useId, type ReactNode } from 'react'
import type { Kpi, KpiStatus } from '~/api'
import { Spark } from '~/charts/spark'
import { useFormat } from './format'
import { IconAlert, IconCheck, IconMinus, IconX } from './icons'
import { useKpiName } from './names'
import classes from './kpi.module.css'

const icons = { ok: IconCheck, warn: IconAlert, bad: IconX, none: IconMinus }

export function useStatusText() {
  const { t } = useLingui()
  return (status: KpiStatus) => ({ ok: t`on target`, warn: t`near the target`, bad: t`off target`, none: t`no target` })[status]
}

/** The status as a shape and a text, never as a colour alone. */
export function StatusMark({ status, text = false }: { status: KpiStatus; text?: boolean }) {
  const label = useStatusText()(status)
  const Icon = icons[status]
  if (status === 'none' && !text) return null
  return (
    <span className={classes.mark} data-status={status} role={text ? undefined : 'img'} aria-label={text ? undefined : label}>
      <Icon size={13} stroke={2.6} aria-hidden />
      {text && label}
    </span>
  )
}

/** Change against the previous period, in the words of the unit. */
export function Change({ kpi }: { kpi: Kpi }) {
  const { t } = useLingui()
  const f = useFormat()
  if (kpi.value === null || kpi.previous === null) return <span className={classes.dim}>–</span>
  const diff = kpi.value - kpi.previous
  const points = f.decimal(Math.abs(diff) * 100, 1)
  const text = kpi.unit === 'ratio' ? t`${points} pts` : kpi.previous === 0 ? f.unit(Math.abs(diff), kpi.unit) : f.percent(Math.abs(diff / kpi.previous))
  const flat = Math.abs(diff) < 1e-9
  const good = flat ? undefined : diff > 0 === ((kpi.direction ?? 'up') === 'up')
  return (
    <span className={classes.change} data-good={good} aria-label={flat ? t`no change` : diff > 0 ? t`up by ${text}` : t`down by ${text}`}>
      {flat ? '=' : diff > 0 ? '↑' : '↓'} {text}
    </span>
  )
}

/** Formula, parts, interval and moment of a KPI. */
export function KpiDetails({ kpi, children }: { kpi: Kpi; children?: ReactNode }) {
  const { t } = useLingui()
  const f = useFormat()
  const name = useKpiName()
  const part = (n: number) => (kpi.unit === 'money' ? f.money(n, kpi.currency) : f.decimal(n))
  return (
    <div className={classes.details}>
      <strong>{name(kpi)}</strong>
      <div className={classes.big}>
        {f.unit(kpi.value, kpi.unit, kpi.currency)} <StatusMark status={kpi.status} text />
      </div>
      {kpi.value === null && <p>{t`No value: nothing to divide by in this period. That is not the same as 0.`}</p>}
      <dl>
        <dt>{t`Formula`}</dt>
        <dd>{kpi.formula}</dd>
        {kpi.definition && kpi.definition !== kpi.formula && (
          <>
            <dt>{t`Meaning`}</dt>
            <dd>{kpi.definition}</dd>
          </>
        )}
        {kpi.denominator !== null && (
          <>
            <dt>{t`Numerator`}</dt>
            <dd>{kpi.numerator === null ? '–' : part(kpi.numerator)}</dd>
            <dt>{t`Denominator`}</dt>
            <dd>{f.decimal(kpi.denominator)}</dd>
          </>
        )}
        {kpi.low !== null && kpi.high !== null && (
          <>
            <dt>{t`95 % interval`}</dt>
            <dd>
              {f.unit(kpi.low, kpi.unit, kpi.currency)} – {f.unit(kpi.high, kpi.unit, kpi.currency)}
            </dd>
          </>
        )}
        {kpi.target !== null && (
          <>
            <dt>{t`Target`}</dt>
            <dd>
              {kpi.direction === 'down' ? '≤' : '≥'} {f.unit(kpi.target, kpi.unit, kpi.currency)}
            </dd>
          </>
        )}
        <dt>{t`As of`}</dt>
        <dd>
          {f.dateTimeZone(kpi.computed_at)} · {t`version ${kpi.version}`}
        </dd>
        {kpi.owner && (
          <>
            <dt>{t`Owner`}</dt>
            <dd>{kpi.owner}</dd>
          </>
        )}
        {kpi.note && (
          <>
            <dt>{t`Note`}</dt>
            <dd>
              {kpi.note} {kpi.unrated && <RatesLink />}
            </dd>
          </>
        )}
      </dl>
      {children}
    </div>
  )
}

/** Leads to where exchange rates are given. */
export function RatesLink() {
  const { t } = useLingui()
  return (
    <Anchor component={Link} inherit {...({ to: '/costs', search: { tab: 'rates' } } as object)}>
      {t`Exchange rates`}
    </Anchor>
  )
}

/** A KPI on a card. A click shows how it is computed and leads to the customers behind it. */
export function KpiTile({ kpi, color, model }: { kpi: Kpi; color?: string; model?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const name = useKpiName()
  const id = useId()
  return (
    <Popover width={340} position="bottom" withArrow trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.tile} data-status={kpi.status} aria-describedby={id}>
          <span className={classes.tileName}>
            {name(kpi)}
            <StatusMark status={kpi.status} />
          </span>
          <span className={classes.tileRow}>
            <span className={classes.tileValue}>{f.unit(kpi.value, kpi.unit, kpi.currency)}</span>
            <span className={classes.tileSpark}>
              <Spark values={kpi.spark} color={color} height={20} area={false} />
            </span>
          </span>
          {kpi.target !== null && (
            <span className={classes.tileTarget}>
              {t`target`} {f.unit(kpi.target, kpi.unit, kpi.currency)}
            </span>
          )}
          <span id={id} hidden>{t`Show how this is computed`}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={name(kpi)}>
        <KpiDetails kpi={kpi}>
          <Anchor component={Link} size="sm" {...({ to: '/customers', search: { stage: kpi.stage ?? undefined, model } } as object)}>
            {kpi.stage ? t`Customers of this stage` : t`Customers`}
          </Anchor>
        </KpiDetails>
      </Popover.Dropdown>
    </Popover>
  )
}
