import { useLingui } from '@lingui/react/macro'
import type { Trait } from '~/api'
import { useFormat } from '~/ui/format'
import { valueText } from '~/ui/json'
import { Empty, ui } from '~/ui/page'

/** What is known about the customer, and where each piece came from. */
export function TraitsPanel({ traits }: { traits: Trait[] }) {
  const { t } = useLingui()
  const f = useFormat()
  if (traits.length === 0) return <Empty title={t`No traits yet`}>{t`Traits come with identify calls and with customer imports.`}</Empty>
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Traits`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Trait`}</th>
            <th scope="col">{t`Value`}</th>
            <th scope="col">{t`Since`}</th>
            <th scope="col">{t`Came with`}</th>
          </tr>
        </thead>
        <tbody>
          {traits.map((trait) => (
            <tr key={trait.name}>
              <th scope="row" style={{ color: 'var(--app-text)' }}>
                {trait.name}
              </th>
              <td style={{ overflowWrap: 'anywhere' }}>{valueText(trait.value)}</td>
              <td>
                {trait.at ? (
                  <time dateTime={trait.at} title={f.dateTimeZone(trait.at)}>
                    {f.dateTime(trait.at)}
                  </time>
                ) : (
                  '–'
                )}
              </td>
              <td>{trait.source || <span className={ui.mono}>{trait.event_id || '–'}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
